/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What Registers and GRE cost, beside plain forwarding of the same 512 flows. A router for each side, with
 * ports of its own, replays a file without end, and they take turns by slices of time: one output each, native,
 * a Register, a tunnel, and native again for packets that come in Registers or in the tunnel. Router and control
 * share one thread, so that the signals about Registers are charged as well; control answers them at once,
 * as the runner does.
 *
 *   register_bench ROUNDS SECONDS [SIDE]
 *
 * One JSON object on standard output; scripts/bench makes rows of it.
 */
#include "dataplane/dataplane.h"
#include "tests/dp/runtime_dir.h"

#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRAMES 4096
#define FLOWS 512
#define IP_LEN 46 /* a frame of 64 bytes with its checksum */
#define REGISTER_HEAD 28
#define GRE_HEAD 24
#define TUNNEL 3 /* id of the interface */
#define FRAME_MAX (14 + REGISTER_HEAD + IP_LEN)
#define SLICES 10 /* of a round, for each side */
#define US 0x0a0000feu
#define DR 0xc0000207u

#define MUST(cond)                                                                           \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __func__, __LINE__, #cond); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

enum side_kind { PLAIN, INTO, OUT_OF, INTO_GRE, OUT_OF_GRE, SIDES };
static const char *const side_names[SIDES] = {"plain", "into", "out_of", "into_gre", "out_of_gre"};

/* --- the files ------------------------------------------------------------------------------------------ */

static void ip_make(uint8_t *at, uint32_t src, uint32_t dst, uint8_t proto, unsigned len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)at;

	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)len);
	ip->time_to_live = 9;
	ip->next_proto_id = proto;
	ip->src_addr = rte_cpu_to_be_32(src);
	ip->dst_addr = rte_cpu_to_be_32(dst);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* The headers in front of what comes in wrapped; their length. */
static unsigned outer_make(uint8_t *ip, enum side_kind side)
{
	const uint8_t pim[8] = {0x21, 0, 0xde, 0xff}, gre[4] = {0, 0, 8, 0};

	if (side == OUT_OF) {
		ip_make(ip, DR, US, 103, REGISTER_HEAD + IP_LEN);
		memcpy(ip + 20, pim, sizeof(pim));
		return REGISTER_HEAD;
	}
	if (side == OUT_OF_GRE) {
		ip_make(ip, DR, US, 47, GRE_HEAD + IP_LEN);
		memcpy(ip + 20, gre, sizeof(gre));
		return GRE_HEAD;
	}
	return 0;
}

static unsigned frame_make(uint8_t *f, enum side_kind side, unsigned i)
{
	unsigned head;

	memset(f, 0, FRAME_MAX);
	head = outer_make(f + 14, side);
	memcpy(f, (uint8_t[]){1, 0, 0x5e, 1, 1, 1, 4}, 7);
	if (head)
		memcpy(f, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	f[12] = 0x08;
	ip_make(f + 14 + head, 0x0a000001, 0xef010000 + i % FLOWS, 17, IP_LEN);
	return 14 + head + IP_LEN;
}

static void file_write(const char *path, enum side_kind side)
{
	const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	_Alignas(4) uint8_t buf[2 + FRAME_MAX];
	FILE *out = fopen(path, "w");

	MUST(out && fwrite(head, sizeof(head), 1, out) == 1);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint8_t *f = buf + 2; /* the IP header is aligned */
		unsigned len = frame_make(f, side, i);
		uint32_t record[] = {1, i, len, len};

		MUST(fwrite(record, sizeof(record), 1, out) == 1 && fwrite(f, len, 1, out) == 1);
	}
	MUST(fclose(out) == 0);
}

/* --- the routers ---------------------------------------------------------------------------------------- */

struct side {
	struct dataplane *d;
	struct dp dp;
	uint16_t in, out;
};

static void if_put(struct side *s, uint16_t id, uint16_t port)
{
	struct dp_if c = {.id = id,
		.kind = DP_IF_ETHER,
		.up = 1,
		.proto = DP_PROTO_IGMP | DP_PROTO_PIM,
		.port = port,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, (uint8_t)id}};

	MUST(s->dp.ops->if_set(s->dp.ctx, &c) == 0);
}

static void tunnel_put(struct side *s)
{
	struct dp_if c = {.id = TUNNEL,
		.kind = DP_IF_GRE,
		.up = 1,
		.mtu = 1476,
		.gre = {.local = ip4(US), .remote = ip4(DR), .ttl = 64, .adj = 1}};

	MUST(s->dp.ops->if_set(s->dp.ctx, &c) == 0);
}

static uint16_t input_of(enum side_kind kind)
{
	if (kind == OUT_OF)
		return DP_IF_REGISTER;
	return kind == OUT_OF_GRE ? TUNNEL : 1;
}

static void tables_make(struct side *s, enum side_kind kind)
{
	struct dp_adj adj = {.id = 1, .kind = DP_ADJ_ETHER, .mac = {4, 0, 0, 0, 0, 9}, .ifid = 2};
	struct dp_local us = {.addr = ip4(US)};
	struct dp_oif o = {.id = 1, .ifid = kind == INTO_GRE ? TUNNEL : 2};
	struct dp_route r = {.n_inputs = 1};
	uint32_t one = 1;

	if (kind == INTO) {
		o.encap = DP_ENCAP_REGISTER;
		o.her_dst = ip4(DR);
		o.her_src = ip4(US);
		o.her_ttl = 64;
		o.adj = 1;
	}
	if_put(s, 1, s->in);
	if_put(s, 2, s->out);
	MUST(s->dp.ops->local_set(s->dp.ctx, &us, 1) == 0);
	MUST(s->dp.ops->adj_set(s->dp.ctx, &adj) == 0);
	tunnel_put(s);
	MUST(s->dp.ops->oif_set(s->dp.ctx, &o) == 0);
	MUST(s->dp.ops->list_get(s->dp.ctx, &one, 1, &r.list) == 0);
	r.inputs[0] = (struct dp_input){.ifid = input_of(kind), .flags = DP_INPUT_ACCEPT};
	for (unsigned i = 0; i < FLOWS; i++) {
		r.key.src = prefix_host(ip4(0x0a000001));
		r.key.grp = prefix_host(ip4(0xef010000 + i));
		MUST(s->dp.ops->route_set(s->dp.ctx, &r, 1, NULL) == 0);
	}
}

static void port_start(struct side *s, uint16_t port)
{
	static const struct rte_eth_conf conf;
	struct dataplane_port p = {.port_id = port, .rx_queues = 1, .tx_queues = 1};

	MUST(rte_eth_dev_configure(port, 1, 1, &conf) == 0);
	MUST(rte_eth_rx_queue_setup(port, 0, 512, SOCKET_ID_ANY, NULL, dataplane_pool(s->d)) == 0);
	MUST(rte_eth_tx_queue_setup(port, 0, 512, SOCKET_ID_ANY, NULL) == 0);
	MUST(rte_eth_dev_start(port) == 0);
	MUST(dataplane_port_add(s->d, &p) == 0);
}

static void side_new(struct side *s, enum side_kind kind)
{
	struct dataplane_conf conf = {.mbufs = 8192,
		.max_routes = 4096,
		.max_oifs = 64,
		.upcall_rate = 1000,
		.socket = SOCKET_ID_ANY,
		.wake_fd = -1};
	char err[512] = "", name[32];

	if (dataplane_new(&s->d, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	s->dp = dataplane_seam(s->d);
	snprintf(name, sizeof(name), "net_pcap%d", (int)kind);
	MUST(rte_eth_dev_get_port_by_name(name, &s->in) == 0);
	snprintf(name, sizeof(name), "net_null%d", (int)kind);
	MUST(rte_eth_dev_get_port_by_name(name, &s->out) == 0);
	port_start(s, s->in);
	port_start(s, s->out);
	tables_make(s, kind);
	MUST(dataplane_start(s->d) == 0);
}

static void side_free(struct side *s)
{
	dataplane_stop(s->d);
	rte_eth_dev_stop(s->in);
	rte_eth_dev_close(s->in); /* gives the frames it replays back */
	rte_eth_dev_stop(s->out);
	dataplane_free(s->d);
}

/* --- rounds --------------------------------------------------------------------------------------------- */

static void turn(const struct side *s, uint64_t cycles)
{
	uint64_t end = rte_rdtsc() + cycles;
	struct dp_upcall up[64];

	for (unsigned i = 0; rte_rdtsc() < end; i++) {
		uint32_t n = 0;

		dataplane_poll(s->d);
		if (i % 16 == 0)
			n = s->dp.ops->upcall_recv(s->dp.ctx, up, RTE_DIM(up));
		while (n-- > 0)
			s->dp.ops->upcall_done(s->dp.ctx, &up[n], DP_VERDICT_RELEASE);
	}
}

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t;

	MUST(clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct sum {
	uint64_t packets, wall, cpu;
};

static uint64_t sent(const struct side *s)
{
	struct dp_worker_info w;

	MUST(s->dp.ops->worker_info(s->dp.ctx, 0, &w) == 0);
	return w.tx_packets;
}

static void slice(const struct side *s, uint64_t cycles, struct sum *sum)
{
	uint64_t packets, wall, cpu;

	turn(s, cycles / 10); /* the caches are this side's */
	packets = sent(s);
	cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
	wall = ns_of(CLOCK_MONOTONIC);
	turn(s, cycles);
	sum->wall += ns_of(CLOCK_MONOTONIC) - wall;
	sum->cpu += ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	sum->packets += sent(s) - packets;
}

static void measure_round(
	const struct side *sides, unsigned first, unsigned last, double seconds, bool end)
{
	uint64_t cycles = (uint64_t)((double)rte_get_tsc_hz() * seconds / SLICES);
	unsigned n = last - first + 1;
	struct sum sums[SIDES] = {0};

	for (unsigned i = 0; i < SLICES * n; i++) {
		unsigned side = first + (i + i / n) % n; /* none is always the first */

		slice(&sides[side], cycles, &sums[side]);
	}
	for (unsigned i = first; i <= last; i++)
		printf("  {\"side\": \"%s\", \"packets\": %" PRIu64
		       ", \"wall_s\": %.6f, \"cpu_ns\": %" PRIu64 "}%s\n",
			side_names[i], sums[i].packets, (double)sums[i].wall / 1e9, sums[i].cpu,
			end && i == last ? "" : ",");
}

/* The devices of a side, by names that side_new knows. */
static void side_devices(const char *dir, enum side_kind kind)
{
	char path[64], name[32], args[128];

	snprintf(path, sizeof(path), "%s/%u.pcap", dir, kind);
	file_write(path, kind);
	snprintf(name, sizeof(name), "net_pcap%u", kind);
	snprintf(args, sizeof(args), "rx_pcap=%s,infinite_rx=1", path);
	MUST(rte_eal_hotplug_add("vdev", name, args) == 0);
	snprintf(name, sizeof(name), "net_null%u", kind);
	MUST(rte_eal_hotplug_add("vdev", name, "no-rx=1") == 0);
}
/* One side, or all of them (SIDES). */
static void bench(const char *dir, enum side_kind only, unsigned rounds, double seconds)
{
	struct side sides[SIDES];
	unsigned first = only == SIDES ? 0 : only, last = only == SIDES ? SIDES - 1 : only;

	for (unsigned i = first; i <= last; i++) {
		side_devices(dir, (enum side_kind)i);
		side_new(&sides[i], (enum side_kind)i);
	}
	printf("{\"rounds\": [\n");
	for (unsigned r = 0; r < rounds; r++)
		measure_round(sides, first, last, seconds, r + 1 == rounds);
	printf("]}\n");
	for (unsigned i = first; i <= last; i++)
		side_free(&sides[i]);
}

static enum side_kind side_named(const char *name)
{
	unsigned i = 0;

	while (i < SIDES && strcmp(name, side_names[i]) != 0)
		i++;
	MUST(i < SIDES);
	return (enum side_kind)i;
}

static void files_remove(const char *dir)
{
	char path[64];

	for (unsigned i = 0; i < SIDES; i++) {
		snprintf(path, sizeof(path), "%s/%u.pcap", dir, i);
		unlink(path);
	}
	rmdir(dir);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc >= 3 ? (unsigned)atoi(argv[1]) : 0;
	double seconds = argc >= 3 ? atof(argv[2]) : 0;
	char dir[] = "/tmp/starg-register-XXXXXX", prefix[32];
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"256", "-l", "0", "--file-prefix", prefix, "--log-level", "error"};
	enum side_kind only;

	if (rounds == 0 || !(seconds > 0)) {
		fprintf(stderr, "usage: register_bench ROUNDS SECONDS [SIDE]\n");
		return 2;
	}
	only = argc > 3 ? side_named(argv[3]) : SIDES;
	MUST(mkdtemp(dir));
	snprintf(prefix, sizeof(prefix), "rb%d", (int)getpid());
	MUST(rte_eal_init(RTE_DIM(eal), eal) >= 0);
	bench(dir, only, rounds, seconds);
	eal_end();
	files_remove(dir);
	return 0;
}
