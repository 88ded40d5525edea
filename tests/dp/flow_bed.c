/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hardware rules under the real data plane: two workers, an input port with three receive queues in front
 * of which the test plays a NIC (tests/unit/dataplane/flow/fake_nic.h), which steers, spreads and
 * marks by the rules it was given and now and then marks wrongly. Routes are replaced, deleted and made
 * again meanwhile. Without rules, with all, and with half of them, each packet leaves once, and each
 * flow in order.
 */
#include "dataplane/flow.h"
#include "dataplane/tables.h"
#include "tests/dp/runtime_dir.h"
#include "tests/unit/dataplane/flow/fake_nic.h"

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include <stdlib.h>
#include <sys/random.h>

#define FLOWS 48 /* half of each family */
#define PACKETS 40000
#define FLIGHT 2048
#define QUEUES 3 /* the last for control */
#define OUT_QUEUES 2
#define RING 8192
#define NUMBER_AT 62 /* of the sequence number in a frame, behind either header */
#define LEN 80
#define LISTS \
	4 /* flows take turns in the first three; the last is for what has no route of its own */
#define VLAN 100 /* of the first list's output, the others' follow */

struct bed {
	struct dataplane *d;
	struct dp dp;
	uint16_t in_port, out_port;
	struct rte_ring *in[QUEUES], *out[OUT_QUEUES];
	uint32_t list[LISTS], sent[FLOWS], got[FLOWS];
	unsigned n_sent, n_got, igmp_sent, igmp_got, lies;
	uint64_t seed, now;
};

static struct bed b;

static uint32_t draw(uint32_t below)
{
	uint64_t z = b.seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

/* --- the bed --------------------------------------------------------------------------------------------- */

static uint16_t port_make(
	const char *name, struct rte_ring **rx, unsigned n_rx, struct rte_ring **tx, unsigned n_tx)
{
	static const struct rte_eth_conf conf;
	static unsigned made; /* a name is taken for the life of the program */
	char text[32];
	int port = snprintf(text, sizeof(text), "%s%u", name, made++);
	uint16_t p;

	port = rte_eth_from_rings(text, rx, n_rx, tx, n_tx, 0);
	assert_true(port >= 0);
	p = (uint16_t)port;
	assert_int_equal(rte_eth_dev_configure(p, (uint16_t)n_rx, (uint16_t)n_tx, &conf), 0);
	for (uint16_t q = 0; q < n_rx; q++)
		assert_int_equal(
			rte_eth_rx_queue_setup(p, q, 512, SOCKET_ID_ANY, NULL, dataplane_pool(b.d)),
			0);
	for (uint16_t q = 0; q < n_tx; q++)
		assert_int_equal(rte_eth_tx_queue_setup(p, q, 512, SOCKET_ID_ANY, NULL), 0);
	assert_int_equal(rte_eth_dev_start(p), 0);
	return p;
}

static struct rte_ring *ring(const char *name, unsigned i)
{
	char text[32];
	struct rte_ring *r;

	snprintf(text, sizeof(text), "%s%u", name, i);
	r = rte_ring_lookup(text);
	if (!r)
		r = rte_ring_create(text, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_non_null(r);
	return r;
}

static void interfaces_make(void)
{
	const struct dp_if in = {.id = 1,
		.up = 1,
		.port = b.in_port,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, 1},
		.proto = DP_PROTO_IGMP | DP_PROTO_MLD};

	assert_int_equal(b.dp.ops->if_set(b.dp.ctx, &in), 0);
	for (uint16_t i = 0; i < LISTS; i++) {
		struct dp_if out = in;
		struct dp_oif oif = {.id = i + 1u, .ifid = (uint16_t)(i + 2)};

		out.id = oif.ifid;
		out.port = b.out_port;
		out.vlan = (uint16_t)(VLAN + i);
		assert_int_equal(b.dp.ops->if_set(b.dp.ctx, &out), 0);
		assert_int_equal(b.dp.ops->oif_set(b.dp.ctx, &oif), 0);
		assert_int_equal(b.dp.ops->list_get(b.dp.ctx, &oif.id, 1, &b.list[i]), 0);
	}
}

static void bed_make(void)
{
	const struct dataplane_conf conf = {.mbufs = 16384,
		.max_routes = 4096,
		.max_oifs = 64,
		.upcall_rate = 1000,
		.adaptive = true,
		.n_workers = 2,
		.lcores = {1, 2},
		.socket = SOCKET_ID_ANY,
		.wake_fd = -1};
	struct rte_ring *none[2]; /* the other directions */
	char err[512];

	if (dataplane_new(&b.d, &conf, err, sizeof(err)))
		fail_msg("%s", err);
	b.dp = dataplane_seam(b.d);
	for (unsigned i = 0; i < QUEUES; i++)
		b.in[i] = ring("flow_in", i);
	for (unsigned i = 0; i < OUT_QUEUES; i++)
		b.out[i] = ring("flow_out", i);
	none[0] = ring("flow_none", 0);
	none[1] = ring("flow_none", 1);
	b.in_port = port_make("flow_a", b.in, QUEUES, &none[0], 1);
	b.out_port = port_make("flow_b", &none[1], 1, b.out, OUT_QUEUES);
	interfaces_make();
}

/* --- flows ------------------------------------------------------------------------------------------------- */

static struct dp_route_key key_of(unsigned flow)
{
	struct dp_route_key k = {0};
	bool six = flow & 1;

	assert_int_equal(prefix_parse(six ? "2001:db8::" : "10.0.0.0", &k.src), 0);
	assert_int_equal(prefix_parse(six ? "ff3e::7" : "239.1.1.7", &k.grp), 0);
	k.src.addr.b[six ? 15 : 3] = (uint8_t)(1 + flow);
	k.src.len = six ? 128 : 32;
	return k;
}

static void route_make(unsigned flow, bool any)
{
	struct dp_route r = {.key = key_of(flow),
		.n_inputs = 1,
		.list = b.list[flow % (LISTS - 1)],
		.inputs[0] = {.ifid = any ? DP_IF_ANY : 1, .flags = DP_INPUT_ACCEPT}};

	assert_int_equal(b.dp.ops->route_set(b.dp.ctx, &r, 1, NULL), 0);
}

/* What is left of a flow when its own route is away for a moment. */
static void routes_beneath(void)
{
	struct dp_route r = {.n_inputs = 1,
		.list = b.list[LISTS - 1],
		.inputs[0] = {.ifid = 1, .flags = DP_INPUT_ACCEPT}};

	for (unsigned flow = 0; flow < 2; flow++) {
		r.key = key_of(flow);
		r.key.src = prefix_make(r.key.src.addr, 0);
		assert_int_equal(b.dp.ops->route_set(b.dp.ctx, &r, 1, NULL), 0);
	}
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static struct rte_mbuf *frame_new(const struct dp_route_key *k, uint8_t proto, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dataplane_pool(b.d));
	bool six = k->src.addr.family == IP_V6;
	uint8_t *p;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, LEN);
	memset(p, 0, LEN);
	p[0] = six ? 0x33 : 0x01;
	p[1] = six ? 0x33 : 0x00;
	p[2] = six ? 0x00 : 0x5e;
	p[5] = 7;
	p[6] = 4;
	put16(p + 12, six ? 0x86dd : 0x0800);
	if (six) {
		p[14] = 0x60;
		put16(p + 18, LEN - 54);
		p[20] = proto;
		p[21] = 9;
		memcpy(p + 22, k->src.addr.b, 16);
		memcpy(p + 38, k->grp.addr.b, 16);
	} else {
		p[14] = 0x45;
		put16(p + 16, LEN - 14);
		p[22] = 9;
		p[23] = proto;
		memcpy(p + 26, k->src.addr.b, 4);
		memcpy(p + 30, k->grp.addr.b, 4);
		put16(p + 24,
			rte_be_to_cpu_16(rte_ipv4_cksum((struct rte_ipv4_hdr *)(void *)(p + 14))));
	}
	memcpy(p + NUMBER_AT, &number, 4);
	return m;
}

/* By the NIC to the queue it says; one marked packet in eight with a mark that is another's, old or wild. */
static void arrive(struct rte_mbuf *m)
{
	uint16_t queue = nic_receive(b.in_port, m, QUEUES);
	bool can_mark = nic_marks(b.in_port) != 0;

	assert_true(queue < QUEUES);
	if (can_mark && draw(8) == 0) {
		m->ol_flags |= RTE_MBUF_F_RX_FDIR | RTE_MBUF_F_RX_FDIR_ID;
		m->hash.fdir.hi = draw(4) ? 1 + draw(FLOWS) : draw(UINT32_MAX);
		b.lies++;
	}
	assert_int_equal(rte_ring_enqueue(b.in[queue], m), 0);
}

/* A packet neither lost nor twice nor before another of its flow, by its own route or the one beneath. */
static void left(const uint8_t *p)
{
	const uint8_t *untagged = p + 4;
	unsigned list = (unsigned)(p[14] << 8 | p[15]) - VLAN;
	unsigned flow = (untagged[12] == 0x86 ? untagged[37] : untagged[29]) - 1u;
	uint32_t number;

	memcpy(&number, untagged + NUMBER_AT, 4);
	assert_true(flow < FLOWS);
	assert_true(list == flow % (LISTS - 1) || list == LISTS - 1);
	assert_int_equal(number, b.got[flow]);
	b.got[flow]++;
	b.n_got++;
}

static void receive(void)
{
	struct dp_packet meta;
	uint8_t buf[2048];

	for (unsigned q = 0; q < OUT_QUEUES; q++) {
		void *v[64];
		unsigned n = rte_ring_dequeue_burst(b.out[q], v, RTE_DIM(v), NULL);

		for (unsigned i = 0; i < n; i++) {
			left(rte_pktmbuf_mtod((struct rte_mbuf *)v[i], const uint8_t *));
			rte_pktmbuf_free(v[i]);
		}
	}
	while (b.dp.ops->packet_recv(b.dp.ctx, &meta, buf, sizeof(buf)))
		b.igmp_got++;
	b.dp.ops->reclaim(b.dp.ctx);
}

static void until(const unsigned *have, const unsigned *want)
{
	uint64_t end = rte_rdtsc() + 20 * rte_get_tsc_hz();

	while (*have != *want && rte_rdtsc() < end)
		receive();
	assert_int_equal(*have, *want);
}

/* --- the run --------------------------------------------------------------------------------------------------- */

static void step(unsigned i)
{
	unsigned flow = draw(4) ? draw(FLOWS / 12) : draw(FLOWS); /* some are hotter */
	struct dp_route_key k = key_of(flow);

	arrive(frame_new(&k, 17, b.sent[flow]++));
	b.n_sent++;
	if (i % 512 == 0) {
		struct dp_route_key report = key_of(2 * draw(FLOWS / 2));

		arrive(frame_new(&report, 2, 0));
		b.igmp_sent++;
	}
	if (i % 97 == 0)
		route_make(draw(FLOWS), draw(2));
	if (i % 301 == 0) {
		k = key_of(draw(FLOWS));
		b.dp.ops->route_del(b.dp.ctx, &k, 1);
	}
	if (i % 1000 == 999) {
		b.now += 150000;
		flow_tick(b.d, b.now);
	}
	while (b.n_sent - b.n_got > FLIGHT)
		receive();
}

static void traffic(void)
{
	const struct flow_conf c = {.control_queue = true,
		.rss = true,
		.marks = 16,
		.rss_hf = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6,
		.reta_size = 64};
	struct dataplane_port in = {.port_id = b.in_port, .rx_queues = QUEUES, .tx_queues = 1};
	struct dataplane_port out = {
		.port_id = b.out_port, .rx_queues = 1, .tx_queues = OUT_QUEUES};
	char err[128];

	flow_port_start(b.d, &c, &in);
	assert_int_equal(dataplane_port_add(b.d, &in), 0);
	assert_int_equal(dataplane_port_add(b.d, &out), 0);
	routes_beneath();
	for (unsigned flow = 0; flow < FLOWS; flow++)
		route_make(flow, false);
	assert_int_equal(dataplane_start(b.d), 0);
	for (unsigned i = 1; i <= PACKETS; i++)
		step(i);
	until(&b.n_got, &b.n_sent);
	until(&b.igmp_got, &b.igmp_sent);
	(void)flow_port_stop(b.d, b.in_port, err, sizeof(err));
	dataplane_stop(b.d);
}

static int setup(void **state)
{
	const char *env = getenv("STARG_SEED");

	nic_reset();
	b = (struct bed){.now = 1000000};
	if (env)
		b.seed = strtoull(env, NULL, 0);
	else if (getrandom(&b.seed, sizeof(b.seed), 0) != sizeof(b.seed))
		return -1;
	print_message("STARG_SEED=0x%llx\n", (unsigned long long)b.seed);
	bed_make();
	return 0;
}

static int teardown(void **state)
{
	uint16_t ports[] = {b.in_port, b.out_port};

	assert_int_equal(rte_mempool_in_use_count(dataplane_pool(b.d)), 0);
	for (unsigned i = 0; i < RTE_DIM(ports); i++) {
		rte_eth_dev_stop(ports[i]);
		rte_eth_dev_close(ports[i]);
	}
	dataplane_free(b.d);
	return 0;
}

static void without_rules_the_workers_do_it_all(void **state)
{
	uint64_t used, refused;

	nic.no_api = true;
	traffic();
	flow_mark_hits(b.d, &used, &refused);
	assert_true(used == 0 && refused == 0);
}

static void with_all_rules_it_is_the_same_and_lookups_are_spared(void **state)
{
	uint64_t used, refused;

	traffic();
	flow_mark_hits(b.d, &used, &refused);
	print_message("%u packets: %llu by their mark, %llu marked wrongly (%u lies)\n", b.n_sent,
		(unsigned long long)used, (unsigned long long)refused, b.lies);
	assert_true(used > PACKETS / 200 && refused > PACKETS / 200);
}

static const char *half(const struct rte_flow *f)
{
	return f->has_ip6 || f->fate == RTE_FLOW_ACTION_TYPE_PASSTHRU ? "Not supported." : NULL;
}

static void with_half_of_the_rules_it_is_the_same(void **state)
{
	uint64_t used, refused;

	nic.refuses = half;
	nic.capacity = 12;
	traffic();
	flow_mark_hits(b.d, &used, &refused);
	assert_true(used > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	char prefix[64];
	char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"256", "--lcores", "0@0,1@0,2@1", "--file-prefix", prefix, "--log-level", "error"};
	const struct CMUnitTest tests[] = {
		TEST(without_rules_the_workers_do_it_all),
		TEST(with_all_rules_it_is_the_same_and_lookups_are_spared),
		TEST(with_half_of_the_rules_it_is_the_same),
	};
	int failed;

	snprintf(prefix, sizeof(prefix), "flow%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	eal_end();
	return failed;
}
