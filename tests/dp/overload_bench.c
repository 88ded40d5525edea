/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What overload costs established flows. A net_pcap port replays a file without end: every other frame is of
 * 512 established flows, the rest is a flood: unknown groups, IGMP reports of invented hosts, or PIM Hellos
 * and Join/Prunes of invented routers. Slices of time in which the flood is policed, by stargd's defaults,
 * take turns with slices in which the same frames are plainly dropped: unknown groups without signals, IGMP
 * and PIM because the interface runs neither. In policed slices a neighbour's Hello takes the place of a
 * frame each second, and every one must reach control. Router and control share one thread, so that what
 * control does about the flood is charged as well.
 *
 *   overload_bench ROUNDS SECONDS
 *
 * One JSON object on standard output; scripts/bench makes rows of it.
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
#include <time.h>

#define FRAMES 8192
#define FLOWS 512
#define FRAME_LEN 60
#define NEIGHBOUR 0x0a0000feu
#define SLICES 10 /* of a round, for each side */
#define PIM_HELLO 0x20
#define PIM_JOIN_PRUNE 0x23

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
		frame_make(f, (struct addresses){host, 0xe000000d}, 103,
			i & 1 ? PIM_HELLO : PIM_JOIN_PRUNE);
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

		if (i & 1)
			flood_make(f, flood, i / 2);
		else
			frame_make(f, established(i / 2), 17, 0);
		MUST(fwrite(record, sizeof(record), 1, out) == 1 &&
			fwrite(f, FRAME_LEN, 1, out) == 1);
	}
	MUST(fclose(out) == 0);
}

/* --- the router ------------------------------------------------------------------------------------------ */

/* Two routers take turns on the same ports, so that no table changes between slices. */
struct side {
	struct dataplane *d;
	struct dp dp;
};

struct bench {
	struct side policed, plain;
	uint16_t in, out;
	enum flood flood;
	/* The neighbour: its Hellos take the place of received frames. */
	uint64_t hello_due, hello_every; /* time stamp, cycles */
	bool hello_on;
	uint64_t hellos_sent, hellos; /* that control has got */
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
	if_put(s, 1, b->in, policed || b->flood == UNKNOWN ? DP_PROTO_IGMP | DP_PROTO_PIM : 0);
	if_put(s, 2, b->out, 0);
	MUST(s->dp.ops->oif_set(s->dp.ctx, &o) == 0);
	MUST(s->dp.ops->list_get(s->dp.ctx, &one, 1, &list) == 0);
	for (unsigned i = 0; i < FRAMES / 2; i++)
		route_put(s, established(i), list);
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

/* --- the neighbour --------------------------------------------------------------------------------------- */

static uint16_t neighbour_rx(
	uint16_t port, uint16_t queue, struct rte_mbuf **v, uint16_t n, uint16_t max, void *arg)
{
	struct bench *b = arg;
	uint64_t now = rte_rdtsc();

	if (!b->hello_on || n == 0 || now < b->hello_due)
		return n;
	b->hello_due = now + b->hello_every;
	MUST(v[n / 2]->data_len == FRAME_LEN);
	frame_make(rte_pktmbuf_mtod(v[n / 2], uint8_t *), (struct addresses){NEIGHBOUR, 0xe000000d},
		103, PIM_HELLO);
	b->hellos_sent++;
	return n;
}

/* stargd's defaults, but for how long a source must be known to be a regular. Buckets fill by the clock:
 * where other programs have the CPU for a part of the time, this thread has only `share` of it to deal with
 * all that passes, and so the rates are a share as well. */
static void police(const struct side *s, uint32_t nocache, uint32_t regular_ms, double share)
{
	struct dp_police c = {.source = {.rate = 20, .burst = 50}, .regular_ms = regular_ms};

	c.kind[DP_PUNT_hello] = (struct dp_rate){.rate = 1000, .burst = 500};
	c.kind[DP_PUNT_proto] = (struct dp_rate){.rate = 20000, .burst = 2000};
	c.kind[DP_PUNT_neigh] = (struct dp_rate){.rate = 2000, .burst = 500};
	c.kind[DP_PUNT_exception] = (struct dp_rate){.rate = 50000, .burst = 1000};
	c.kind[DP_POLICE_UPCALL(DP_UPCALL_NOCACHE)].rate = nocache;
	c.kind[DP_POLICE_UPCALL(DP_UPCALL_WRONGVIF)].rate = 1000;
	for (unsigned k = 0; k < DP_POLICE_KINDS; k++) {
		uint32_t rate = (uint32_t)(c.kind[k].rate * share);

		c.kind[k].burst = c.kind[k].burst ? c.kind[k].burst : c.kind[k].rate;
		c.kind[k].rate = rate ? rate : 1;
	}
	MUST(s->dp.ops->police_set(s->dp.ctx, DP_PORT_ANY, &c) == 0);
}

/* --- rounds ---------------------------------------------------------------------------------------------- */

/* What control does meanwhile. */
static void control(struct bench *b, const struct side *s)
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

static void turn(struct bench *b, const struct side *s, uint64_t cycles)
{
	uint64_t begin = rte_rdtsc(), end = begin + cycles;

	b->hello_on = s == &b->policed;
	for (unsigned i = 0; rte_rdtsc() < end; i++) {
		dataplane_poll(s->d);
		if (i % 16 == 0)
			control(b, s);
	}
	control(b, s);
	if (!b->hello_on)
		b->hello_due += rte_rdtsc() - begin; /* the neighbour's clock stands still */
}

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t;

	MUST(clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* This thread's time on a run queue; 0: the kernel does not say. */
static uint64_t wait_ns(void)
{
	FILE *f = fopen("/proc/thread-self/schedstat", "re");
	uint64_t wait = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%*u %" SCNu64, &wait) != 1)
		wait = 0;
	fclose(f);
	return wait;
}

/* What the slices of a side come to in a round. */
struct sum {
	uint64_t packets, wall, cpu, wait;
};

static void slice(struct bench *b, const struct side *s, uint64_t cycles, struct sum *sum)
{
	uint64_t packets, wall, cpu, wait;

	turn(b, s, cycles / 10); /* the caches are this side's */
	packets = info(s).tx_packets;
	wait = wait_ns();
	cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
	wall = ns_of(CLOCK_MONOTONIC);
	turn(b, s, cycles);
	sum->wall += ns_of(CLOCK_MONOTONIC) - wall;
	sum->cpu += ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
	sum->wait += wait_ns() - wait;
	sum->packets += info(s).tx_packets - packets;
}

static void sum_print(bool policed, const struct sum *s, bool last)
{
	printf("   {\"policed\": %s, \"packets\": %" PRIu64
	       ", \"wall_s\": %.6f, \"cpu_ns\": %" PRIu64 ", \"wait_ns\": %" PRIu64 "}%s\n",
		policed ? "true" : "false", s->packets, (double)s->wall / 1e9, s->cpu, s->wait,
		last ? "" : ",");
}

static void measure(struct bench *b, unsigned rounds, double seconds)
{
	uint64_t cycles = (uint64_t)((double)rte_get_tsc_hz() * seconds / SLICES);

	for (unsigned r = 0; r < rounds; r++) {
		struct sum policed = {0}, plain = {0};

		slice(b, &b->plain, 2 * cycles, &plain);
		police(&b->policed, 1000, 10000, (double)plain.cpu / (double)plain.wall);
		turn(b, &b->policed, cycles); /* the buckets are no longer full */
		plain = (struct sum){0};

		for (unsigned i = 0; i < SLICES; i++) {
			if (i & 1) /* neither is always the first */
				slice(b, &b->plain, cycles, &plain);
			slice(b, &b->policed, cycles, &policed);
			if (!(i & 1))
				slice(b, &b->plain, cycles, &plain);
		}
		sum_print(true, &policed, false);
		sum_print(false, &plain, r + 1 == rounds);
	}
}

/* Of the neighbour alone, twice: it is a regular before the flood begins. */
static void neighbour_known(struct bench *b)
{
	police(&b->policed, 1000, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		b->hello_due = 0;
		b->hello_on = true;
		dataplane_poll(b->policed.d);
		control(b, &b->policed);
	}
	police(&b->plain, b->flood == UNKNOWN ? 1 : 1000, 10000, 1);
}

static void run(enum flood flood, const char *source, unsigned rounds, double seconds)
{
	struct bench b = {.flood = flood, .hello_every = rte_get_tsc_hz()};
	const struct rte_eth_rxtx_callback *cb;

	MUST(rte_eth_dev_get_port_by_name(source, &b.in) == 0);
	MUST(rte_eth_dev_get_port_by_name("net_null0", &b.out) == 0);
	side_new(&b.policed, &b, true);
	side_new(&b.plain, &b, false);
	port_start(&b, b.in);
	port_start(&b, b.out);
	cb = rte_eth_add_rx_callback(b.in, 0, neighbour_rx, &b);
	MUST(cb);
	neighbour_known(&b);
	printf("  {\"flood\": \"%s\", \"rounds\": [\n", flood_names[flood]);
	measure(&b, rounds, seconds);
	printf("   ], \"hellos_sent\": %" PRIu64 ", \"hellos_received\": %" PRIu64 "}%s\n",
		b.hellos_sent, b.hellos, flood + 1 == FLOODS ? "" : ",");
	fflush(stdout);
	dataplane_stop(b.policed.d);
	dataplane_stop(b.plain.d);
	MUST(rte_eth_remove_rx_callback(b.in, 0, cb) == 0);
	rte_eth_dev_stop(b.in);
	rte_eth_dev_close(b.in); /* gives the frames it replays back */
	rte_eth_dev_stop(b.out);
	dataplane_free(b.policed.d);
	dataplane_free(b.plain.d);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
	double seconds = argc == 3 ? atof(argv[2]) : 0;
	char dir[] = "/tmp/starg-overload-XXXXXX", path[FLOODS][64], vdev[FLOODS][256], prefix[32];
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"512", "-l", "0", "--file-prefix", prefix, "--log-level", "error", "--vdev",
		vdev[0], "--vdev", vdev[1], "--vdev", vdev[2], "--vdev", "net_null0,no-rx=1"};

	if (rounds == 0 || !(seconds > 0)) {
		fprintf(stderr, "usage: overload_bench ROUNDS SECONDS\n");
		return 2;
	}
	MUST(mkdtemp(dir));
	snprintf(prefix, sizeof(prefix), "ob%d", (int)getpid());
	for (unsigned i = 0; i < FLOODS; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%u.pcap", dir, i);
		snprintf(vdev[i], sizeof(vdev[i]), "net_pcap%u,rx_pcap=%s,infinite_rx=1", i,
			path[i]);
		file_write(path[i], (enum flood)i);
	}
	MUST(rte_eal_init(RTE_DIM(eal), eal) >= 0);
	printf("{\"floods\": [\n");
	for (unsigned i = 0; i < FLOODS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "net_pcap%u", i);
		run((enum flood)i, name, rounds, seconds);
	}
	printf("]}\n");
	eal_end();
	for (unsigned i = 0; i < FLOODS; i++)
		unlink(path[i]);
	rmdir(dir);
	return 0;
}
