/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Interfaces, their demultiplexing and templates, adjacencies, oifs.
 */
#include "fixture.h"

#include <errno.h>

static struct dp_if ether(uint16_t id, uint16_t port, uint16_t vlan, uint8_t mac)
{
	return (struct dp_if){.id = id,
		.kind = DP_IF_ETHER,
		.up = 1,
		.port = port,
		.vlan = vlan,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, mac}};
}

static struct dp_if tunnel(uint16_t id, uint32_t local, uint32_t remote, bool has_key, uint32_t key)
{
	return (struct dp_if){.id = id,
		.kind = DP_IF_GRE,
		.up = 1,
		.mtu = 1476,
		.gre = {.local = ip4(local),
			.remote = ip4(remote),
			.has_key = has_key,
			.key = key,
			.ttl = 64}};
}

static int set(struct dataplane *d, struct dp_if i)
{
	return if_set(d, &i);
}

static const struct fwd_if *at(struct dataplane *d, uint16_t id)
{
	return d->t.ifs[id];
}

static uint16_t by_vlan(struct dataplane *d, uint16_t port, uint16_t vlan)
{
	const struct fwd_demux *dm = d->t.demux;

	return dm->vlans[port] ? dm->vlans[port][vlan] : 0;
}

/* As decap searches. */
static uint16_t by_ends(struct dataplane *d, const struct dp_if *want)
{
	const struct fwd_demux *dm = d->t.demux;
	const struct dp_gre *g = &want->gre;
	uint32_t i = fwd_gre_hash(g->local.w_be, g->remote.w_be, g->has_key ? g->key : 0);

	for (; dm->gre && dm->gre[i & dm->gre_mask].ifid; i++) {
		const struct fwd_gre_slot *s = &dm->gre[i & dm->gre_mask];

		if (s->has_key == g->has_key && s->key == (g->has_key ? g->key : 0) &&
			memcmp(s->local, g->local.b, 16) == 0 &&
			memcmp(s->remote, g->remote.b, 16) == 0)
			return s->ifid;
	}
	return 0;
}

static void the_template_has_source_mac_and_tag(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	static const uint8_t want[18] = {
		0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0x81, 0x00, 0x01, 0x2c, 0x08, 0x00};

	assert_int_equal(set(d, ether(1, 0, 300, 9)), 0);
	assert_int_equal(set(d, ether(2, 0, 0, 9)), 0);
	assert_int_equal(at(d, 1)->l2_len, 18);
	assert_memory_equal(at(d, 1)->l2, want, 18);
	assert_int_equal(at(d, 2)->l2_len, 14);
	assert_memory_equal(at(d, 2)->l2, want, 12);
	assert_memory_equal(at(d, 2)->l2 + 12, want + 16, 2);
	fixture_free(d);
}

static void equal_mac_and_vlan_share_a_template_number(void **state)
{
	struct dataplane *d = fixture_new(1, 10);

	assert_int_equal(set(d, ether(1, 0, 0, 9)), 0);
	assert_int_equal(set(d, ether(2, 1, 0, 9)), 0);
	assert_int_equal(set(d, ether(3, 2, 5, 9)), 0);
	assert_int_equal(set(d, ether(4, 3, 0, 8)), 0);
	assert_int_equal(set(d, tunnel(5, 0x0a000001, 0x0a000002, false, 0)), 0);
	assert_int_not_equal(at(d, 1)->l2_id, 0);
	assert_int_equal(at(d, 1)->l2_id, at(d, 2)->l2_id);
	assert_int_not_equal(at(d, 1)->l2_id, at(d, 3)->l2_id);
	assert_int_not_equal(at(d, 1)->l2_id, at(d, 4)->l2_id);
	assert_int_equal(at(d, 5)->l2_id, 0);
	fixture_free(d);
}

static void a_template_number_gets_no_new_meaning_under_a_reader(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	uint32_t old;

	assert_int_equal(set(d, ether(1, 0, 0, 9)), 0);
	fixture_enter(d, 0);
	old = at(d, 1)->l2_id;
	assert_int_equal(set(d, ether(1, 0, 0, 8)), 0);
	assert_int_equal(set(d, ether(2, 1, 0, 7)), 0);
	assert_int_not_equal(at(d, 1)->l2_id, old);
	assert_int_not_equal(at(d, 2)->l2_id, old);
	fixture_leave(d, 0);
	assert_int_equal(set(d, ether(3, 2, 0, 6)), 0);
	assert_int_equal(at(d, 3)->l2_id, old);
	fixture_free(d);
}

static struct dp_if stack(uint16_t id, uint16_t outer, uint16_t inner, uint16_t tpid)
{
	struct dp_if i = ether(id, 3, outer, 9);

	i.vlan_inner = inner;
	i.vlan_tpid = tpid;
	return i;
}

/* As vlan.c searches. */
static uint16_t by_stack(struct dataplane *d, uint16_t port, uint16_t outer, uint16_t inner)
{
	const struct fwd_demux *dm = d->t.demux;
	uint32_t i = fwd_stack_hash(port, outer, inner);

	for (; dm->stacks && dm->stacks[i & dm->stack_mask].ifid; i++) {
		const struct fwd_stack_slot *s = &dm->stacks[i & dm->stack_mask];

		if (s->port == port && s->outer == outer && s->inner == inner)
			return s->ifid;
	}
	return 0;
}

static void stacks_of_vlans_belong_to_one_interface_whatever_their_tpid(void **state)
{
	static const uint8_t tags[] = {0x88, 0xa8, 0, 200, 0x81, 0, 0, 100, 0x08, 0};
	struct dataplane *d = fixture_new(1, 10);

	assert_int_equal(set(d, stack(1, 200, 100, 0)), 0);
	assert_int_equal(at(d, 1)->l2_len, 22);
	assert_memory_equal(at(d, 1)->l2 + 12, tags, sizeof(tags));
	assert_int_equal(set(d, stack(2, 200, 100, 0x8100)), -EEXIST);
	assert_int_equal(set(d, stack(2, 100, 200, 0x8100)), 0);
	assert_int_equal(set(d, stack(3, 200, 0, 0x8100)), 0);
	assert_int_equal(set(d, stack(4, 200, 0, 0x88a8)), -EEXIST);
	assert_int_equal(set(d, stack(4, 201, 0, 0x9100)), 0);
	assert_int_equal(set(d, stack(5, 201, 0, 0)), -EEXIST);
	assert_int_equal(by_stack(d, 3, 200, 100), 1);
	assert_int_equal(by_stack(d, 3, 100, 200), 2);
	assert_int_equal(by_vlan(d, 3, 200), 3);
	assert_int_equal(by_stack(d, 3, 201, 0), 4);
	assert_int_equal(by_vlan(d, 3, 201), 0);
	for (uint16_t n = 0; n < 1000; n++)
		assert_int_equal(set(d, stack((uint16_t)(10 + n), 300, (uint16_t)(1 + n), 0)), 0);
	for (uint16_t n = 0; n < 1000; n++)
		assert_int_equal(by_stack(d, 3, 300, (uint16_t)(1 + n)), 10 + n);
	assert_int_equal(if_del(d, 1), 0);
	assert_int_equal(by_stack(d, 3, 200, 100), 0);
	assert_int_equal(set(d, stack(1, 0, 100, 0)), -EINVAL);
	assert_int_equal(set(d, stack(1, 1, 4095, 0)), -EINVAL);
	assert_int_equal(set(d, stack(1, 1, 2, 0x0800)), -EINVAL);
	fixture_free(d);
}

static void equal_stacks_share_a_template_number(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_if other = stack(2, 200, 100, 0);

	other.port = 4;
	assert_int_equal(set(d, stack(1, 200, 100, 0)), 0);
	assert_int_equal(set(d, other), 0);
	assert_int_equal(at(d, 1)->l2_id, at(d, 2)->l2_id);
	other.vlan_tpid = 0x8100;
	assert_int_equal(set(d, other), 0);
	assert_int_not_equal(at(d, 1)->l2_id, at(d, 2)->l2_id);
	assert_int_equal(set(d, stack(3, 200, 0, 0)), 0);
	assert_int_not_equal(at(d, 1)->l2_id, at(d, 3)->l2_id);
	fixture_free(d);
}

static void port_and_vlan_belong_to_one_interface(void **state)
{
	struct dataplane *d = fixture_new(1, 10);

	assert_int_equal(set(d, ether(1, 3, 100, 9)), 0);
	assert_int_equal(set(d, ether(2, 3, 100, 9)), -EEXIST);
	assert_null(at(d, 2));
	assert_int_equal(set(d, ether(2, 3, 0, 9)), 0);
	assert_int_equal(by_vlan(d, 3, 100), 1);
	assert_int_equal(by_vlan(d, 3, 0), 2);
	assert_int_equal(by_vlan(d, 3, 1), 0);
	assert_int_equal(by_vlan(d, 2, 100), 0);
	assert_int_equal(set(d, ether(1, 3, 101, 9)), 0); /* moves */
	assert_int_equal(by_vlan(d, 3, 100), 0);
	assert_int_equal(by_vlan(d, 3, 101), 1);
	assert_int_equal(if_del(d, 1), 0);
	assert_int_equal(if_del(d, 1), -ENOENT);
	assert_int_equal(by_vlan(d, 3, 101), 0);
	fixture_free(d);
}

static void an_interface_may_wait_for_its_port(void **state)
{
	struct dataplane *d = fixture_new(1, 10);

	assert_int_equal(set(d, ether(1, UINT16_MAX, 0, 9)), 0);
	assert_int_equal(set(d, ether(2, UINT16_MAX, 0, 9)), 0);
	assert_int_equal(set(d, ether(1, 4, 0, 9)), 0);
	assert_int_equal(by_vlan(d, 4, 0), 1);
	assert_int_equal(set(d, ether(1, UINT16_MAX, 0, 9)), 0);
	assert_int_equal(by_vlan(d, 4, 0), 0);
	fixture_free(d);
}

static void impossible_interfaces_are_refused(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_if g = tunnel(1, 0x0a000001, 0x0a000002, false, 0);

	assert_int_equal(set(d, ether(0, 0, 0, 9)), -ENOSPC);
	assert_int_equal(set(d, ether(DP_IFS_MAX, 0, 0, 9)), -ENOSPC);
	assert_int_equal(set(d, ether(1, RTE_MAX_ETHPORTS, 0, 9)), -EINVAL);
	assert_int_equal(set(d, ether(1, 0, 4095, 9)), -EINVAL);
	g.gre.remote.family = IP_V6;
	assert_int_equal(set(d, g), -EINVAL);
	g = tunnel(1, 0x0a000001, 0x0a000002, false, 0);
	g.gre.dscp = 64;
	assert_int_equal(set(d, g), -EINVAL);
	g.kind = 9;
	assert_int_equal(set(d, g), -EINVAL);
	assert_int_equal(d->n.ifs, 0);
	fixture_free(d);
}

static void tunnels_are_told_apart_by_ends_and_key(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_if bare = tunnel(1, 0x0a000001, 0x0a000002, false, 77);
	struct dp_if zero = tunnel(2, 0x0a000001, 0x0a000002, true, 0);
	struct dp_if seven = tunnel(3, 0x0a000001, 0x0a000002, true, 7);
	struct dp_if back = tunnel(4, 0x0a000002, 0x0a000001, true, 7);

	assert_int_equal(set(d, bare), 0);
	assert_int_equal(set(d, zero), 0);
	assert_int_equal(set(d, seven), 0);
	assert_int_equal(by_ends(d, &bare), 1);
	assert_int_equal(by_ends(d, &zero), 2);
	assert_int_equal(by_ends(d, &seven), 3);
	assert_int_equal(by_ends(d, &back), 0);
	assert_int_equal(((struct fwd_demux *)d->t.demux)->n_gre_locals, 1);
	seven.id = 9;
	assert_int_equal(set(d, seven), -EEXIST);
	bare.id = 9, bare.gre.key = 78; /* a key that is not sent tells nothing apart */
	assert_int_equal(set(d, bare), -EEXIST);
	fixture_free(d);
}

static void all_interface_ids_and_five_hundred_tunnels_work(void **state)
{
	struct dataplane *d = fixture_new(1, 10);

	for (uint16_t id = 1; id < DP_IFS_MAX; id++) {
		if (id <= 500)
			assert_int_equal(set(d, tunnel(id, 0x0a000001, id, id & 1, id)), 0);
		else
			assert_int_equal(set(d, ether(id, id % 30, id % 4090, 9)), 0);
	}
	for (uint16_t id = 1; id < DP_IFS_MAX; id++) {
		struct dp_if g = tunnel(id, 0x0a000001, id, id & 1, id);

		if (id <= 500)
			assert_int_equal(by_ends(d, &g), id);
		else
			assert_int_equal(by_vlan(d, id % 30, id % 4090), id);
	}
	assert_int_equal(d->n.ifs, DP_IFS_MAX - 1);
	fixture_free(d);
}

static void replacing_an_interface_keeps_its_counters_and_a_new_one_starts_at_zero(void **state)
{
	struct dataplane *d = fixture_new(2, 10);
	struct dp_if_counters c;

	assert_int_equal(set(d, ether(1, 0, 0, 9)), 0);
	d->workers[0]->if_ctr[1].rx_packets = 5;
	d->workers[1]->if_ctr[1].rx_packets = 6;
	d->if_ctr[1].injected = 3;
	assert_int_equal(set(d, ether(1, 0, 7, 8)), 0);
	assert_int_equal(stats_if(d, 1, &c), 0);
	assert_int_equal(c.rx_packets, 11);
	assert_int_equal(c.injected, 3);
	assert_int_equal(if_del(d, 1), 0);
	assert_int_equal(stats_if(d, 1, &c), -ENOENT);
	assert_int_equal(set(d, ether(1, 0, 7, 8)), 0);
	d->workers[1]->if_ctr[1].rx_packets += 2;
	assert_int_equal(stats_if(d, 1, &c), 0);
	assert_int_equal(c.rx_packets, 2);
	assert_int_equal(c.injected, 0);
	fixture_free(d);
}

static void an_adjacency_changes_under_an_oif_that_stays(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_adj a = {.id = 3, .kind = DP_ADJ_ETHER, .mac = {2, 1}, .ifid = 1};
	struct dp_oif o = {.id = 9, .ifid = 1, .her_dst = ip4(0x0a000001), .her_ttl = 64, .adj = 3};
	const struct fwd_oif *oif;
	const struct fwd_adj *old;

	assert_int_equal(adj_set(d, &a), 0);
	assert_int_equal(oif_set(d, &o), 0);
	oif = d->t.oifs[9];
	old = d->t.adjs[3];
	fixture_enter(d, 0);
	a.mac[1] = 9;
	assert_int_equal(adj_set(d, &a), 0);
	retire_reclaim(&d->retire, 100);
	assert_int_equal(old->c.mac[1], 1);
	fixture_leave(d, 0);
	oif = d->t.oifs[9];
	assert_int_equal(((struct fwd_adj *)d->t.adjs[oif->c.adj])->c.mac[1], 9);
	assert_int_equal(adj_del(d, 3), 0);
	assert_null(d->t.adjs[3]);
	assert_int_equal(adj_del(d, 3), -ENOENT);
	fixture_free(d);
}

static void impossible_oifs_and_adjacencies_are_refused(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_oif good = {.id = 1, .ifid = 1, .her_dst = ip4(0x0a000001), .her_ttl = 64}, o;
	struct dp_adj a = {.id = 0};

	assert_int_equal(adj_set(d, &a), -ENOSPC);
	a = (struct dp_adj){.id = 1, .kind = 7};
	assert_int_equal(adj_set(d, &a), -EINVAL);
	o = good, o.id = d->t.max_oifs;
	assert_int_equal(oif_set(d, &o), -ENOSPC);
	o = good, o.ifid = 0; /* a unicast output that does not know yet where it leaves */
	assert_int_equal(oif_set(d, &o), 0);
	o.her_dst = (struct ipaddr){0};
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.her_dscp = 64;
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.her_ttl = 0;
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.her_src.family = IP_V6;
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.adj = d->t.max_oifs;
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.encap = DP_ENCAP_REGISTER + 1;
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = (struct dp_oif){.id = 1, .ifid = 1, .encap = DP_ENCAP_REGISTER}; /* to nowhere */
	assert_int_equal(oif_set(d, &o), -EINVAL);
	o = good, o.encap = DP_ENCAP_REGISTER; /* whose source is not known yet */
	assert_int_equal(oif_set(d, &o), 0);
	assert_int_equal(oif_set(d, &good), 0);
	fixture_free(d);
}

static void a_register_has_its_headers_ready(void **state)
{
	struct dataplane *d = fixture_new(8, 16);
	struct dp_oif o = {.id = 1,
		.ifid = 1,
		.encap = DP_ENCAP_REGISTER,
		.her_src = ip4(0x0a000001),
		.her_dst = ip4(0x0a000002),
		.her_ttl = 33};
	const struct fwd_oif *f;

	assert_int_equal(oif_set(d, &o), 0);
	f = d->t.oifs[1];
	assert_int_equal(f->head->family, IP_V4);
	assert_int_equal(f->head->b[8], 33);
	assert_memory_equal(f->head->b + 12, ((uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2, 0x21}), 9);
	fixture_free(d);
}

static void a_new_oif_under_an_old_id_counts_from_zero(void **state)
{
	struct dataplane *d = fixture_new(1, 10);
	struct dp_oif o = {.id = 4, .ifid = 1};
	struct dp_oif_counters c;

	assert_int_equal(stats_oif(d, 4, &c), -ENOENT);
	assert_int_equal(oif_set(d, &o), 0);
	d->workers[0]->oif_ctr[4].packets = 5;
	o.ttl_threshold = 3;
	assert_int_equal(oif_set(d, &o), 0);
	assert_int_equal(stats_oif(d, 4, &c), 0);
	assert_int_equal(c.packets, 5);
	assert_int_equal(oif_del(d, 4), 0);
	assert_int_equal(oif_del(d, 4), -ENOENT);
	assert_int_equal(oif_set(d, &o), 0);
	assert_int_equal(stats_oif(d, 4, &c), 0);
	assert_int_equal(c.packets, 0);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_template_has_source_mac_and_tag),
		cmocka_unit_test(equal_mac_and_vlan_share_a_template_number),
		cmocka_unit_test(a_template_number_gets_no_new_meaning_under_a_reader),
		cmocka_unit_test(port_and_vlan_belong_to_one_interface),
		cmocka_unit_test(stacks_of_vlans_belong_to_one_interface_whatever_their_tpid),
		cmocka_unit_test(equal_stacks_share_a_template_number),
		cmocka_unit_test(an_interface_may_wait_for_its_port),
		cmocka_unit_test(impossible_interfaces_are_refused),
		cmocka_unit_test(tunnels_are_told_apart_by_ends_and_key),
		cmocka_unit_test(all_interface_ids_and_five_hundred_tunnels_work),
		cmocka_unit_test(
			replacing_an_interface_keeps_its_counters_and_a_new_one_starts_at_zero),
		cmocka_unit_test(an_adjacency_changes_under_an_oif_that_stays),
		cmocka_unit_test(impossible_oifs_and_adjacencies_are_refused),
		cmocka_unit_test(a_register_has_its_headers_ready),
		cmocka_unit_test(a_new_oif_under_an_old_id_counts_from_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
