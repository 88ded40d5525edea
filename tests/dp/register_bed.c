/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The data plane with nothing above it: tables as a script says, frames from pcap files, what it sends into
 * others. For what no configuration can ask for, PIM Registers above all (test_register.py).
 *
 *   register_bed WORKERS auto|copy|share VDEV... < SCRIPT
 *
 * Lines of the script, in numbers and addresses, "-" for none:
 *
 *   if ID PORT VLAN MTU MAC PROTO          tunnel ID LOCAL REMOTE KEY ADJ
 *   adj ID IF MAC                          via ID IF        (a tunnel as next hop)
 *   local ADDR                             oif ID IF THRESHOLD
 *   register ID IF ADJ SRC DST TTL DSCP ALLOW_INPUT THRESHOLD
 *   route SRC GRP INPUTS OIFS              comma-separated; inputs also "any", "register"
 *   run FRAMES                             until so many came in, and nothing moves any more
 *
 * Then lines of what happened: drop NAME N, upcall ..., punt IF CLASS HEX, oif ID PACKETS BYTES DROPPED,
 * tx IF PACKETS BYTES, rx IF PACKETS DROPPED, route SRC GRP PACKETS BYTES WRONG_IF DROPPED.
 */
#include "dataplane/dataplane.h"
#include "tests/dp/runtime_dir.h"

#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

#define MUST(cond)                                                                               \
	do {                                                                                     \
		if (!(cond)) {                                                                   \
			fprintf(stderr, "%s:%d: not true: %s (%s)\n", __func__, __LINE__, #cond, \
				bed.line);                                                       \
			exit(1);                                                                 \
		}                                                                                \
	} while (0)

#define ITEMS_MAX 64
#define ROUTES_MAX 64
#define SETTLED_MS 100

static struct {
	struct dataplane *d;
	struct dp dp;
	char line[512];
	uint16_t ifs[ITEMS_MAX];
	uint32_t oifs[ITEMS_MAX];
	struct dp_route_key routes[ROUTES_MAX];
	unsigned n_ifs, n_oifs, n_routes;
} bed;

/* --- the script --------------------------------------------------------------------------------------- */

static struct ipaddr address(const char *text)
{
	struct ipaddr a = {.family = IP_NONE};

	if (strcmp(text, "-") != 0)
		MUST(ip_parse(text, &a) == 0);
	return a;
}

static void mac_read(const char *text, uint8_t mac[6])
{
	MUST(sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		     &mac[4], &mac[5]) == 6);
}

static void if_line(const char *rest)
{
	struct dp_if c = {.kind = DP_IF_ETHER, .up = 1, .twin = 1};
	char mac[32];

	MUST(sscanf(rest, "%hu %hu %hu %hu %31s %hhu", &c.id, &c.port, &c.vlan, &c.mtu, mac,
		     &c.proto) == 6);
	mac_read(mac, c.mac);
	MUST(bed.dp.ops->if_set(bed.dp.ctx, &c) == 0);
	bed.ifs[bed.n_ifs++] = c.id;
}

static void tunnel_line(const char *rest)
{
	struct dp_if c = {.kind = DP_IF_GRE, .up = 1, .twin = 1, .mtu = 1400};
	char local[64], remote[64], key[16];

	MUST(sscanf(rest, "%hu %63s %63s %15s %u", &c.id, local, remote, key, &c.gre.adj) == 5);
	c.proto = DP_PROTO_PIM;
	c.gre.local = address(local);
	c.gre.remote = address(remote);
	c.gre.has_key = strcmp(key, "-") != 0;
	c.gre.key = c.gre.has_key ? (uint32_t)strtoul(key, NULL, 0) : 0;
	c.gre.dscp_inherit = 1;
	c.gre.ttl = 33;
	MUST(bed.dp.ops->if_set(bed.dp.ctx, &c) == 0);
	bed.ifs[bed.n_ifs++] = c.id;
}

static void adj_line(const char *rest)
{
	struct dp_adj a = {.kind = DP_ADJ_ETHER};
	char mac[32];

	MUST(sscanf(rest, "%u %hu %31s", &a.id, &a.ifid, mac) == 3);
	mac_read(mac, a.mac);
	MUST(bed.dp.ops->adj_set(bed.dp.ctx, &a) == 0);
}

static void via_line(const char *rest)
{
	struct dp_adj a = {.kind = DP_ADJ_IF};

	MUST(sscanf(rest, "%u %hu", &a.id, &a.ifid) == 2);
	MUST(bed.dp.ops->adj_set(bed.dp.ctx, &a) == 0);
}

static void local_line(const char *rest)
{
	static struct dp_local v[ITEMS_MAX];
	static unsigned n;
	char addr[64];

	MUST(sscanf(rest, "%63s", addr) == 1);
	v[n++].addr = address(addr);
	MUST(bed.dp.ops->local_set(bed.dp.ctx, v, n) == 0);
}

static void oif_made(const struct dp_oif *o)
{
	MUST(bed.dp.ops->oif_set(bed.dp.ctx, o) == 0);
	bed.oifs[bed.n_oifs++] = o->id;
}

static void oif_line(const char *rest)
{
	struct dp_oif o = {0};

	MUST(sscanf(rest, "%u %hu %hhu", &o.id, &o.ifid, &o.ttl_threshold) == 3);
	oif_made(&o);
}

static void register_line(const char *rest)
{
	struct dp_oif o = {.encap = DP_ENCAP_REGISTER};
	char src[64], dst[64], dscp[8];

	MUST(sscanf(rest, "%u %hu %u %63s %63s %hhu %7s %hhu %hhu", &o.id, &o.ifid, &o.adj, src,
		     dst, &o.her_ttl, dscp, &o.allow_input, &o.ttl_threshold) == 9);
	o.her_src = address(src);
	o.her_dst = address(dst);
	o.her_set_dscp = strcmp(dscp, "-") != 0;
	o.her_dscp = o.her_set_dscp ? (uint8_t)atoi(dscp) : 0;
	oif_made(&o);
}

static uint16_t input_of(const char *word)
{
	if (strcmp(word, "any") == 0)
		return DP_IF_ANY;
	return strcmp(word, "register") == 0 ? DP_IF_REGISTER : (uint16_t)atoi(word);
}

static void route_line(const char *rest)
{
	char src[64], grp[64], inputs[128], outputs[128], *save, *word;
	struct dp_route r = {0};
	uint32_t oifs[ITEMS_MAX], n = 0;

	MUST(sscanf(rest, "%63s %63s %127s %127s", src, grp, inputs, outputs) == 4);
	MUST(prefix_parse(grp, &r.key.grp) == 0);
	r.key.src = (struct prefix){.addr.family = r.key.grp.addr.family};
	if (strcmp(src, "*") != 0)
		MUST(prefix_parse(src, &r.key.src) == 0);
	for (word = strtok_r(inputs, ",", &save); word; word = strtok_r(NULL, ",", &save))
		r.inputs[r.n_inputs++] =
			(struct dp_input){.ifid = input_of(word), .flags = DP_INPUT_ACCEPT};
	for (word = strtok_r(outputs, ",", &save); word; word = strtok_r(NULL, ",", &save))
		oifs[n++] = (uint32_t)atoi(word);
	MUST(bed.dp.ops->list_get(bed.dp.ctx, oifs, n, &r.list) == 0);
	MUST(bed.dp.ops->route_set(bed.dp.ctx, &r, 1, NULL) == 0);
	bed.routes[bed.n_routes++] = r.key;
}

/* --- what happens ------------------------------------------------------------------------------------- */

static void tell_upcalls(void)
{
	static const char *const kinds[DP_UPCALL_KINDS] = {
		"nocache", "wrongvif", "data", "register"};
	struct dp_upcall up[64];
	char src[IP_STRLEN], grp[IP_STRLEN], from[IP_STRLEN], to[IP_STRLEN];
	uint32_t n = bed.dp.ops->upcall_recv(bed.dp.ctx, up, RTE_DIM(up));

	for (uint32_t i = 0; i < n; i++) {
		bool outer = up[i].kind == DP_UPCALL_REGISTER;

		printf("upcall %s %u %s %s %s %s %u %u\n", kinds[up[i].kind], up[i].ifid,
			ip_str(&up[i].src, src, sizeof(src)), ip_str(&up[i].grp, grp, sizeof(grp)),
			outer ? ip_str(&up[i].outer_src, from, sizeof(from)) : "-",
			outer ? ip_str(&up[i].outer_dst, to, sizeof(to)) : "-", up[i].border,
			up[i].len);
	}
}

static void tell_punts(void)
{
	static uint8_t buf[65536];
	struct dp_packet meta;

	while (bed.dp.ops->packet_recv(bed.dp.ctx, &meta, buf, sizeof(buf))) {
		printf("punt %u %u ", meta.ifid, meta.cls);
		for (uint32_t i = 0; i < meta.len; i++)
			printf("%02x", buf[i]);
		printf("\n");
	}
}

/* Sums over the workers; the result is how many frames came in. */
static uint64_t totals(uint64_t drops[DROP_COUNT], uint64_t *moved)
{
	struct dp_worker_info info;
	uint64_t rx = 0;

	memset(drops, 0, DROP_COUNT * sizeof(*drops));
	*moved = 0;
	for (uint32_t i = 0; bed.dp.ops->worker_info(bed.dp.ctx, i, &info) == 0; i++) {
		rx += info.rx_packets;
		*moved += info.tx_packets;
		for (unsigned k = 0; k < DROP_COUNT; k++) {
			drops[k] += info.drops[k];
			*moved += info.drops[k];
		}
	}
	return rx;
}

static void tell_counters(const uint64_t drops[DROP_COUNT])
{
	char src[PREFIX_STRLEN], grp[PREFIX_STRLEN];

	for (unsigned k = 0; k < DROP_COUNT; k++)
		if (drops[k])
			printf("drop %s %" PRIu64 "\n", drop_name((enum drop_reason)k), drops[k]);
	for (unsigned i = 0; i < bed.n_oifs; i++) {
		struct dp_oif_counters c;

		MUST(bed.dp.ops->oif_counters(bed.dp.ctx, bed.oifs[i], &c) == 0);
		printf("oif %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", bed.oifs[i], c.packets,
			c.bytes, c.dropped);
	}
	for (unsigned i = 0; i < bed.n_ifs; i++) {
		struct dp_if_counters c;

		MUST(bed.dp.ops->if_counters(bed.dp.ctx, bed.ifs[i], &c) == 0);
		printf("tx %u %" PRIu64 " %" PRIu64 "\n", bed.ifs[i], c.tx_packets, c.tx_bytes);
		printf("rx %u %" PRIu64 " %" PRIu64 "\n", bed.ifs[i], c.rx_packets, c.rx_dropped);
	}
	for (unsigned i = 0; i < bed.n_routes; i++) {
		struct dp_route_counters c;

		MUST(bed.dp.ops->route_counters(bed.dp.ctx, &bed.routes[i], &c) == 0);
		printf("route %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			prefix_str(&bed.routes[i].src, src, sizeof(src)),
			prefix_str(&bed.routes[i].grp, grp, sizeof(grp)), c.packets, c.bytes,
			c.wrong_if, c.dropped);
	}
}

static void tell_registers(void)
{
	struct dp_worker_info info;
	uint64_t received = 0, sent = 0;

	for (uint32_t i = 0; bed.dp.ops->worker_info(bed.dp.ctx, i, &info) == 0; i++) {
		received += info.registers_received;
		sent += info.registers_sent;
	}
	printf("registers received %" PRIu64 "\nregisters sent %" PRIu64 "\n", received, sent);
}

/* The files are read once the workers run. */
static void run_line(const char *rest)
{
	uint64_t end = rte_rdtsc() + 20 * rte_get_tsc_hz(), still = 0, was = UINT64_MAX, moved;
	uint64_t drops[DROP_COUNT], frames = strtoull(rest, NULL, 10), rx;

	MUST(dataplane_start(bed.d) == 0);
	do {
		uint64_t now = rte_rdtsc();

		dataplane_poll(bed.d);
		tell_upcalls();
		tell_punts();
		bed.dp.ops->reclaim(bed.dp.ctx);
		rx = totals(drops, &moved);
		if (moved != was || rx < frames)
			still = now;
		was = moved;
		MUST(now < end);
	} while ((rte_rdtsc() - still) * 1000 < SETTLED_MS * rte_get_tsc_hz());
	MUST(rx == frames);
	dataplane_stop(bed.d);
	tell_upcalls();
	tell_punts();
	tell_counters(drops);
	tell_registers();
}

/* --- the program -------------------------------------------------------------------------------------- */

static void line_do(void)
{
	static const struct {
		const char *word;
		void (*fn)(const char *rest);
	} words[] = {{"if", if_line}, {"tunnel", tunnel_line}, {"adj", adj_line}, {"via", via_line},
		{"local", local_line}, {"oif", oif_line}, {"register", register_line},
		{"route", route_line}, {"run", run_line}};
	size_t len = strcspn(bed.line, " \n");

	for (unsigned i = 0; i < RTE_DIM(words); i++)
		if (strlen(words[i].word) == len && strncmp(bed.line, words[i].word, len) == 0) {
			words[i].fn(bed.line + len);
			return;
		}
	MUST(!"a line of the script");
}

static void ports_start(void)
{
	static const struct rte_eth_conf conf;
	struct rte_mempool *pool = dataplane_pool(bed.d);
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		/* the driver writes chains, though it does not say so */
		struct dataplane_port p = {
			.port_id = id, .rx_queues = 1, .tx_queues = 1, .multi_segs = true};

		MUST(rte_eth_dev_configure(id, 1, 1, &conf) == 0);
		MUST(rte_eth_rx_queue_setup(id, 0, 512, SOCKET_ID_ANY, NULL, pool) == 0);
		MUST(rte_eth_tx_queue_setup(id, 0, 512, SOCKET_ID_ANY, NULL) == 0);
		MUST(rte_eth_dev_start(id) == 0);
		MUST(dataplane_port_add(bed.d, &p) == 0);
	}
}

static void plane_make(unsigned workers, const char *how)
{
	struct dataplane_conf conf = {.mbufs = 8192,
		.mtu_max = 1500,
		.max_routes = 1024,
		.max_oifs = 1024,
		.upcall_rate = 1000000,
		.replicate = strcmp(how, "copy") == 0    ? DATAPLANE_REPLICATE_COPY
			     : strcmp(how, "share") == 0 ? DATAPLANE_REPLICATE_SHARE
							 : DATAPLANE_REPLICATE_AUTO,
		.adaptive = true,
		.n_workers = workers,
		.lcores = {1, 2, 3},
		.socket = SOCKET_ID_ANY,
		.wake_fd = -1};
	char err[512];

	if (dataplane_new(&bed.d, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	bed.dp = dataplane_seam(bed.d);
}

int main(int argc, char **argv)
{
	char prefix[64], devices[8][1024];
	char *eal[32] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"96", "--lcores", "(0-3)@(0-1)", "--file-prefix", prefix, "--log-level", "error"};
	int n = 13;
	uint16_t id;

	if (argc < 3 || argc > 11)
		return 2;
	for (int i = 3; i < argc; i++) {
		snprintf(devices[i - 3], sizeof(devices[0]), "--vdev=%s", argv[i]);
		eal[n++] = devices[i - 3];
	}
	snprintf(prefix, sizeof(prefix), "regbed%d", (int)getpid());
	if (rte_eal_init(n, eal) < 0)
		return 1;
	plane_make((unsigned)atoi(argv[1]), argv[2]);
	ports_start();
	while (fgets(bed.line, sizeof(bed.line), stdin))
		line_do();
	RTE_ETH_FOREACH_DEV (id)
		rte_eth_dev_stop(id); /* what is left of the files is written */
	dataplane_free(bed.d);
	eal_end();
	return 0;
}
