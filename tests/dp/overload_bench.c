/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What overload costs established flows. A net_pcap port replays a file without end: every other frame is of
 * 512 established flows, the rest is a flood: unknown groups, IGMP reports of invented hosts, or PIM
 * Join/Prune of invented routers, and once in the file the Hello of a neighbour. Rounds in which the flood is
 * policed alternate with rounds in which the same frames are plainly dropped: unknown groups by routes
 * without output, IGMP and PIM because the interface runs neither. In policed rounds every Hello must
 * reach control.
 *
 *   overload_bench [ROUNDS [MS]]		default 15 pairs of 200 ms; prints the medians and ratios
 */
#include "dataplane/dataplane.h"
#include "tests/dp/runtime_dir.h"

#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 8192
#define FLOWS 512
#define FRAME_LEN 60
#define NEIGHBOUR 0x0a0000feu
#define ROUNDS_MAX 1000

#define MUST(cond)                                                                           \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __func__, __LINE__, #cond); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

enum flood { UNKNOWN, IGMP, PIM, FLOODS };
static const char *const flood_names[FLOODS] = {"unknown groups", "IGMP", "PIM"};

/* --- the files ------------------------------------------------------------------------------------------ */

struct addresses {
	uint32_t src, grp;
};

static struct addresses established(unsigned i)
{
	return (struct addresses){0x0a000001 + i % 7, 0xef010000 + i % FLOWS};
}

static struct addresses unknown(unsigned i)
{
	return (struct addresses){0x0a000101 + i, 0xef020000 + i};
}

static void frame_make(uint8_t *f, struct addresses a, uint8_t proto, uint8_t first)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(f + 14);

	memset(f, 0, FRAME_LEN);
	memcpy(f, (uint8_t[]){1, 0, 0x5e}, 3);
	f[3] = (uint8_t)(a.grp >> 16 & 0x7f);
	f[4] = (uint8_t)(a.grp >> 8);
	f[5] = (uint8_t)a.grp;
	f[6] = 4;
	f[12] = 0x08;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(FRAME_LEN - 14);
	ip->time_to_live = proto == 17 ? 9 : 1;
	ip->next_proto_id = proto;
	ip->src_addr = rte_cpu_to_be_32(a.src);
	ip->dst_addr = rte_cpu_to_be_32(a.grp);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	f[34] = first;
}

static void flood_make(uint8_t *f, enum flood flood, unsigned i)
{
	uint32_t host = 0x0a010000 + i;

	switch (flood) {
	case UNKNOWN:
		frame_make(f, unknown(i), 17, 0);
		break;
	case IGMP:
		frame_make(f, (struct addresses){host, 0xe0000016}, 2, 0x22);
		break;
	default:
		frame_make(f, (struct addresses){host, 0xe000000d}, 103, 0x23);
		break;
	}
}

static void file_write(const char *path, enum flood flood)
{
	const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	FILE *out = fopen(path, "w");

	MUST(out && fwrite(head, sizeof(head), 1, out) == 1);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint32_t record[] = {1, i, FRAME_LEN, FRAME_LEN};
		_Alignas(4) uint8_t buf[FRAME_LEN + 4];
		uint8_t *f = buf + 2; /* the IP header is aligned */

		if (i == FRAMES / 2 + 1)
			frame_make(f, (struct addresses){NEIGHBOUR, 0xe000000d}, 103, 0x20);
		else if (i & 1)
			flood_make(f, flood, i / 2);
		else
			frame_make(f, established(i / 2), 17, 0);
		MUST(fwrite(record, sizeof(record), 1, out) == 1 &&
			fwrite(f, FRAME_LEN, 1, out) == 1);
	}
	MUST(fclose(out) == 0);
}

/* --- the router ------------------------------------------------------------------------------------------ */

/* Two routers take turns on the same ports, so that no table changes between rounds. */
struct side {
	struct dataplane *d;
	struct dp dp;
};

struct bench {
	struct side policed, plain;
	uint16_t in, out;
	enum flood flood;
	uint64_t hellos; /* of the neighbour that control has got */
};

static struct dp_worker_info info(const struct side *s)
{
	struct dp_worker_info w;

	MUST(s->dp.ops->worker_info(s->dp.ctx, 0, &w) == 0);
	return w;
}

static void if_put(struct side *s, uint16_t id, uint16_t port, uint8_t proto)
{
	struct dp_if c = {.id = id,
		.kind = DP_IF_ETHER,
		.up = 1,
		.proto = proto,
		.port = port,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, (uint8_t)id}};

	MUST(s->dp.ops->if_set(s->dp.ctx, &c) == 0);
}

static void route_put(struct side *s, struct addresses a, uint32_t list)
{
	struct dp_route r = {.n_inputs = 1, .list = list};

	r.inputs[0] = (struct dp_input){.ifid = 1, .flags = DP_INPUT_ACCEPT};
	r.key.src = prefix_host(ip4(a.src));
	r.key.grp = prefix_host(ip4(a.grp));
	MUST(s->dp.ops->route_set(s->dp.ctx, &r, 1, NULL) == 0);
}

static void side_new(struct side *s, const struct bench *b, bool policed)
{
	struct dataplane_conf conf = {.mbufs = 24576,
		.max_routes = 65536,
		.max_oifs = 64,
		.upcall_rate = 1000,
		.socket = SOCKET_ID_ANY,
		.wake_fd = -1};
	struct dp_oif o = {.id = 1, .ifid = 2};
	uint32_t one = 1, list;
	char err[512] = "";

	if (dataplane_new(&s->d, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	s->dp = dataplane_seam(s->d);
	if_put(s, 1, b->in, policed ? DP_PROTO_IGMP | DP_PROTO_PIM : 0);
	if_put(s, 2, b->out, 0);
	MUST(s->dp.ops->oif_set(s->dp.ctx, &o) == 0);
	MUST(s->dp.ops->list_get(s->dp.ctx, &one, 1, &list) == 0);
	for (unsigned i = 0; i < FRAMES / 2; i++) {
		route_put(s, established(i), list);
		if (!policed && b->flood == UNKNOWN)
			route_put(s, unknown(i), 0);
	}
	MUST(dataplane_start(s->d) == 0);
}

static void port_start(struct bench *b, uint16_t port)
{
	static const struct rte_eth_conf conf;
	struct dataplane_port p = {.port_id = port, .rx_queues = 1, .tx_queues = 1};
	struct rte_mempool *pool = dataplane_pool(b->policed.d);

	MUST(rte_eth_dev_configure(port, 1, 1, &conf) == 0);
	MUST(rte_eth_rx_queue_setup(port, 0, 512, SOCKET_ID_ANY, NULL, pool) == 0);
	MUST(rte_eth_tx_queue_setup(port, 0, 512, SOCKET_ID_ANY, NULL) == 0);
	MUST(rte_eth_dev_start(port) == 0);
	MUST(dataplane_port_add(b->policed.d, &p) == 0);
	MUST(dataplane_port_add(b->plain.d, &p) == 0);
}

/* --- rounds ---------------------------------------------------------------------------------------------- */

/* What control does meanwhile. */
static void control(struct bench *b, struct side *s)
{
	struct dp_upcall up[64];
	struct dp_packet meta;
	uint8_t buf[2048];
	uint32_t src, n;

	while (s->dp.ops->packet_recv(s->dp.ctx, &meta, buf, sizeof(buf))) {
		memcpy(&src, buf + 12, 4);
		b->hellos += meta.cls == DP_PUNT_hello && src == rte_cpu_to_be_32(NEIGHBOUR);
	}
	n = s->dp.ops->upcall_recv(s->dp.ctx, up, RTE_DIM(up));
	while (n-- > 0)
		s->dp.ops->upcall_done(s->dp.ctx, &up[n], DP_VERDICT_DISCARD);
}

static void turn(struct bench *b, struct side *s, uint64_t cycles)
{
	uint64_t end = rte_rdtsc() + cycles;

	for (unsigned i = 0; rte_rdtsc() < end; i++) {
		dataplane_poll(s->d);
		if (i % 16 == 0)
			control(b, s);
	}
	control(b, s);
}

/* Established packets a second. */
static double rate(struct bench *b, struct side *s, unsigned ms)
{
	uint64_t hz = rte_get_tsc_hz(), then, before;

	turn(b, s, hz / 50); /* caches and buckets settle */
	before = info(s).tx_packets;
	then = rte_rdtsc();
	turn(b, s, hz / 1000 * ms);
	return (double)(info(s).tx_packets - before) * (double)hz / (double)(rte_rdtsc() - then);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* Hellos that have come in, by the neighbour's place in the file. */
static uint64_t hellos_in(const struct bench *b)
{
	uint64_t rx = info(&b->policed).rx_packets + info(&b->plain).rx_packets;

	return (rx + FRAMES - (FRAMES / 2 + 2)) / FRAMES;
}

static void police(struct bench *b, uint32_t rate, uint32_t burst, uint32_t regular_ms)
{
	const struct dp *dp = &b->policed.dp;
	struct dp_police c = {.source = {.rate = 20000, .burst = 20000}, .regular_ms = regular_ms};

	for (unsigned k = 0; k < DP_POLICE_KINDS; k++)
		c.kind[k] = (struct dp_rate){.rate = rate, .burst = burst};
	c.kind[DP_PUNT_hello] = (struct dp_rate){.rate = 1000, .burst = 100};
	MUST(dp->ops->police_set(dp->ctx, DP_PORT_ANY, &c) == 0);
}

/* The neighbour is a regular before the flood is measured; the invented sources, which come again and again
 * in a file, are not: while sources may become regulars the flood has hardly a token. */
static void neighbour_known(struct bench *b)
{
	police(b, 1, 1, 0);
	turn(b, &b->policed, rte_get_tsc_hz() / 5);
	police(b, 1000, 100, 600000);
}

static void measure(struct bench *b, unsigned rounds, unsigned ms)
{
	static double policed[ROUNDS_MAX], plain[ROUNDS_MAX], ratio[ROUNDS_MAX];
	uint64_t came = 0;

	b->hellos = 0;
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t before;

		if (i & 1) /* neither is always the first */
			plain[i] = rate(b, &b->plain, ms);
		before = hellos_in(b);
		policed[i] = rate(b, &b->policed, ms);
		came += hellos_in(b) - before;
		MUST(b->hellos == came);
		if (!(i & 1))
			plain[i] = rate(b, &b->plain, ms);
		ratio[i] = policed[i] / plain[i];
	}
	printf("half %-14s policed %6.3f M/s, plainly dropped %6.3f M/s, ratio %.3f; %" PRIu64
	       " Hellos, all received\n",
		flood_names[b->flood], median(policed, rounds) / 1e6, median(plain, rounds) / 1e6,
		median(ratio, rounds), came);
	fflush(stdout);
}

static void run(enum flood flood, const char *source, unsigned rounds, unsigned ms)
{
	struct bench b = {.flood = flood};

	MUST(rte_eth_dev_get_port_by_name(source, &b.in) == 0);
	MUST(rte_eth_dev_get_port_by_name("net_null0", &b.out) == 0);
	side_new(&b.policed, &b, true);
	side_new(&b.plain, &b, false);
	port_start(&b, b.in);
	port_start(&b, b.out);
	neighbour_known(&b);
	measure(&b, rounds, ms);
	dataplane_stop(b.policed.d);
	dataplane_stop(b.plain.d);
	rte_eth_dev_stop(b.in);
	rte_eth_dev_close(b.in); /* gives the frames it replays back */
	rte_eth_dev_stop(b.out);
	dataplane_free(b.policed.d);
	dataplane_free(b.plain.d);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 15;
	unsigned ms = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
	char dir[] = "/tmp/starg-overload-XXXXXX", path[FLOODS][64], vdev[FLOODS][256], prefix[32];
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"512", "-l", "0", "--file-prefix", prefix, "--log-level", "error", "--vdev",
		vdev[0], "--vdev", vdev[1], "--vdev", vdev[2], "--vdev", "net_null0,no-rx=1"};

	MUST(rounds > 0 && rounds <= ROUNDS_MAX && mkdtemp(dir));
	snprintf(prefix, sizeof(prefix), "ob%d", (int)getpid());
	for (unsigned i = 0; i < FLOODS; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%u.pcap", dir, i);
		snprintf(vdev[i], sizeof(vdev[i]), "net_pcap%u,rx_pcap=%s,infinite_rx=1", i,
			path[i]);
		file_write(path[i], (enum flood)i);
	}
	MUST(rte_eal_init(RTE_DIM(eal), eal) >= 0);
	for (unsigned i = 0; i < FLOODS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "net_pcap%u", i);
		run((enum flood)i, name, rounds, ms);
	}
	eal_end();
	for (unsigned i = 0; i < FLOODS; i++)
		unlink(path[i]);
	rmdir(dir);
	return 0;
}
