/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hostile input to a whole router: each packet is counted under its reason and leaves trees, neighbours, timers and
 * the DR as they were, and nothing is sent. Registers: test_sm_register_rp.
 */
#include "tests/unit/pim/assert_help.h"
#include "tests/unit/pim/bytes.h"

#define NBR "10.1.0.2" /* on lan */
#define US "10.1.0.5"
#define STRANGER "10.1.0.77"

static bool mix_neighbor(void *arg, const struct pim_neigh_info *n)
{
	uint64_t *h = arg;

	*h = *h * 31 + ip_hash(&n->address, n->ifid + n->is_dr);
	*h = *h * 31 + n->genid + n->dr_priority + n->n_secondary + n->has;
	*h = *h * 31 + n->expires_us + n->n_states;
	return true;
}

static bool mix_iface(void *arg, const struct pim_iface_info *i)
{
	uint64_t *h = arg;

	*h = *h * 31 + ip_hash(&i->dr, i->ifid + i->i_am_dr);
	*h = *h * 31 + i->n_neighbors + i->genid + i->override_interval_ms;
	*h = *h * 31 + i->lan_delay_enabled + 2 * i->suppression_enabled;
	return true;
}

/* Of everything: two of them are equal if a packet changed nothing. */
static uint64_t digest(struct data_world *dw)
{
	uint64_t h = fingerprint(dw);

	pim_neigh_walk(dw->pim, mix_neighbor, &h);
	pim_iface_walk(dw->pim, mix_iface, &h);
	for (struct order_node *n = order_first(&dw->sm->targets); n; n = order_next(n))
		h = h * 31 + container_of(n, struct sm_target, node)->n_ups;
	return h;
}

/* With state that could be harmed: both kinds of trees, one that is registered, an assert that is won. */
static int setup(void **state)
{
	struct data_world *dw;

	data_setup(state);
	dw = *state;
	data_join(dw, "*", G);
	win_sg(dw);
	data_join(dw, S_SPT, "232.1.1.1");
	data_upcall(dw, DP_UPCALL_NOCACHE, S_LAN, "239.2.2.2", dw->lan);
	data_forget(dw);
	return 0;
}

/* To PIM itself: what the data plane and the runner would have dropped comes in, too. */
static void receive(struct data_world *dw, uint16_t ifid, const struct bytes *b)
{
	struct event ev = {.kind = EV_PACKET};

	ev.packet.ifid = ifid;
	ev.packet.family = IP_V4;
	ev.packet.data = b->b;
	ev.packet.len = b->len;
	runner_event(dw->w->r, dw->number, &ev, dw->w->now_us);
	world_run(dw->w);
}

static void harmless_on(
	struct data_world *dw, uint16_t ifid, const struct bytes *b, enum pim_drop why)
{
	size_t sent = dw->w->f->n_sent;
	uint64_t before = digest(dw);
	struct pim_stats was, now;

	pim_stats_get(dw->pim, &was);
	receive(dw, ifid, b);
	pim_stats_get(dw->pim, &now);
	for (unsigned i = 0; i < PIM_DROP_COUNT; i++)
		if (now.drops[i] - was.drops[i] != (i == why ? 1 : 0))
			fail_msg("%s was to be counted; %s rose by %lu", pim_drop_name(why),
				pim_drop_name((enum pim_drop)i),
				(unsigned long)(now.drops[i] - was.drops[i]));
	assert_true(digest(dw) == before);
	assert_int_equal(dw->w->f->n_sent, sent);
}

static void harmless(struct data_world *dw, const struct bytes *b, enum pim_drop why)
{
	harmless_on(dw, dw->lan, b, why);
}

/* --- messages that are sound ------------------------------------------------------------------------------------ */

static struct bytes hello_body(unsigned holdtime_s)
{
	struct bytes body = {0};

	put16(&body, PIM_OPT_HOLDTIME);
	put16(&body, 2);
	put16(&body, holdtime_s);
	return body;
}

/* Prunes (S_SPT, G) as well as joining (S_SPT, 232.7.7.7). */
static struct bytes jp_body(void)
{
	struct bytes body = {0};

	put_unicast(&body, US);
	put16(&body, 2);
	put16(&body, 210);
	put_group(&body, G);
	put16(&body, 0);
	put16(&body, 1);
	put_source(&body, S_SPT, 4);
	put_group(&body, "232.7.7.7");
	put16(&body, 1);
	put16(&body, 0);
	put_source(&body, S_SPT, 4);
	return body;
}

/* Better than ours. */
static struct bytes assert_body(void)
{
	struct bytes body = {0};

	put_group(&body, G);
	put_unicast(&body, S_SPT);
	put32(&body, 0);
	put32(&body, 0);
	return body;
}

static struct bytes body_of(enum pim_type type)
{
	return type == PIM_HELLO ? hello_body(0) : type == PIM_ASSERT ? assert_body() : jp_body();
}

static const enum pim_type link_types[] = {PIM_HELLO, PIM_JOIN_PRUNE, PIM_ASSERT};

/* What the others are measured by: they would all change something, were they not wrong. */
static void sound_messages_do_change_something(void **state)
{
	struct data_world *dw = *state;

	for (int i = 2; i >= 0; i--) { /* the Hello says goodbye */
		struct bytes body = body_of(link_types[i]), b = packet4(NBR, link_types[i], &body);
		uint64_t before = digest(dw);

		receive(dw, dw->lan, &b);
		assert_true(digest(dw) != before);
	}
}

/* --- item 1 ---------------------------------------------------------------------------------------------------- */

static void ip_headers_that_lie(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} v[] = {{0, 0x44}, {0, 0x40}, {0, 0x4f}, {0, 0x55}, {2, 0xff}, {3, 0x13}, {9, 17}};
	struct bytes small = {.b = {0x46, 0, 0, 21, 0, 0, 0, 0, 1, 103}, .len = 21};
	struct data_world *dw = *state;

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes body = hello_body(0), b = packet4(NBR, PIM_HELLO, &body);

		b.b[v[i].at] = v[i].value;
		b.b[v[i].at] = v[i].value;
		harmless(dw, &b, PIM_DROP_ip_header);
	}
	harmless(dw, &small, PIM_DROP_ip_header); /* ihl 6 in 21 bytes */
}

/* --- item 3 ---------------------------------------------------------------------------------------------------- */

static void headers_of_no_pim(void **state)
{
	struct data_world *dw = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct bytes body = body_of(link_types[i]), b = packet4(NBR, link_types[i], &body);

		b.b[22] ^= 1;
		harmless(dw, &b, PIM_DROP_checksum);
		b.b[20] = (uint8_t)(0x10 | link_types[i]);
		mend4(&b, 0);
		harmless(dw, &b, PIM_DROP_version);
		b.b[20] = 0x2d; /* type 13 without a subtype that is known */
		mend4(&b, 0);
		harmless(dw, &b, PIM_DROP_type_unknown);
	}
}

static void link_messages_to_a_unicast_address(void **state)
{
	struct data_world *dw = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct bytes body = body_of(link_types[i]),
			     b = packet4_to(NBR, US, 1, link_types[i], &body);

		harmless(dw, &b, PIM_DROP_destination);
		b = packet4_to(NBR, "224.0.0.13", 2, link_types[i], &body);
		harmless(dw, &b, PIM_DROP_ttl);
	}
}

static void messages_of_who_is_no_neighbour(void **state)
{
	struct data_world *dw = *state;
	struct ipaddr stranger = addr(STRANGER);

	for (unsigned i = 1; i < 3; i++) {
		struct bytes body = body_of(link_types[i]),
			     b = packet4(STRANGER, link_types[i], &body);

		harmless(dw, &b, PIM_DROP_no_neighbor);
		assert_true(
			ip_eq(&pif(dw, dw->lan)->stats.drop_from[PIM_DROP_no_neighbor], &stranger));
		b = packet4("10.1.0.9", link_types[i], &body); /* a neighbour elsewhere */
		harmless_on(dw, dw->lan2, &b, PIM_DROP_no_neighbor);
		b = packet4(US, link_types[i], &body);
		harmless(dw, &b, PIM_DROP_own);
	}
}

static void interfaces_that_are_passive_or_without_pim(void **state)
{
	struct data_world *dw = *state;
	struct bytes body = hello_body(105), b = packet4("10.2.0.7", PIM_HELLO, &body);

	dw->ifs[3].passive = true;
	data_config(dw);
	data_forget(dw);
	harmless_on(dw, dw->lan2, &b, PIM_DROP_if_passive);
	dw->conf.n_ifs = 3;
	data_config(dw);
	data_forget(dw);
	harmless_on(dw, dw->lan2, &b, PIM_DROP_if_disabled);
}

/* --- items 4 and 5 ----------------------------------------------------------------------------------------------- */

static void broken(
	struct data_world *dw, enum pim_type type, size_t at, uint8_t value, enum pim_drop why)
{
	struct bytes body = body_of(type), b;

	body.b[at] = value;
	b = packet4(NBR, type, &body);
	harmless(dw, &b, why);
}

/* Offsets: upstream 0, holdtime 8, group 10, its counts 18, source 22; of the Assert group 0, source 8. */
static void encoded_addresses_that_are_none(void **state)
{
	struct data_world *dw = *state;

	broken(dw, PIM_JOIN_PRUNE, 0, 3, PIM_DROP_addr_family);
	broken(dw, PIM_JOIN_PRUNE, 1, 9, PIM_DROP_addr_encoding);
	broken(dw, PIM_JOIN_PRUNE, 2, 239, PIM_DROP_upstream);
	broken(dw, PIM_JOIN_PRUNE, 10, 3, PIM_DROP_addr_family);
	broken(dw, PIM_JOIN_PRUNE, 11, 9, PIM_DROP_addr_encoding);
	broken(dw, PIM_JOIN_PRUNE, 13, 33, PIM_DROP_mask_len);
	broken(dw, PIM_JOIN_PRUNE, 14, 10, PIM_DROP_group);
	broken(dw, PIM_JOIN_PRUNE, 22, 3, PIM_DROP_addr_family);
	broken(dw, PIM_JOIN_PRUNE, 23, 9, PIM_DROP_addr_encoding);
	broken(dw, PIM_JOIN_PRUNE, 25, 33, PIM_DROP_mask_len);
	broken(dw, PIM_JOIN_PRUNE, 25, 24, PIM_DROP_mask_len);
	broken(dw, PIM_ASSERT, 0, 3, PIM_DROP_addr_family);
	broken(dw, PIM_ASSERT, 1, 9, PIM_DROP_addr_encoding);
	broken(dw, PIM_ASSERT, 3, 33, PIM_DROP_mask_len);
	broken(dw, PIM_ASSERT, 8, 3, PIM_DROP_addr_family);
}

static void counts_beyond_the_message(void **state)
{
	struct data_world *dw = *state;
	struct bytes body = jp_body(), b;

	broken(dw, PIM_JOIN_PRUNE, 7, 255, PIM_DROP_addr_truncated); /* groups */
	memset(body.b + 38, 0xff, 4); /* 65,535 joins and prunes of the second one */
	b = packet4(NBR, PIM_JOIN_PRUNE, &body);
	harmless(dw, &b, PIM_DROP_addr_truncated);
}

static uint64_t cut_off(struct data_world *dw)
{
	return drops(dw, PIM_DROP_truncated) + drops(dw, PIM_DROP_addr_truncated) +
	       drops(dw, PIM_DROP_option_truncated);
}

/* Nothing of a message that ends too early is believed. */
static void messages_cut_anywhere(void **state)
{
	struct data_world *dw = *state;
	uint64_t before = digest(dw), n = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct bytes body = body_of(link_types[i]), b;

		while (body.len-- > 1) { /* a Hello of no bytes is one without options */
			b = packet4(NBR, link_types[i], &body);
			receive(dw, dw->lan, &b);
			assert_int_equal(cut_off(dw), ++n);
			assert_true(digest(dw) == before);
		}
	}
}

/* --- item 6 ------------------------------------------------------------------------------------------------------ */

static void messages_of_dense_mode_of_any_size(void **state)
{
	static const enum pim_type types[] = {PIM_GRAFT, PIM_GRAFT_ACK, PIM_STATE_REFRESH};
	struct data_world *dw = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct bytes body = {.len = 1400}, b;

		memset(body.b, 0xff, body.len); /* all intervals and counts at their ends */
		b = packet4(NBR, types[i], &body);
		harmless(dw, &b, PIM_DROP_type_unhandled);
		b = packet4_to(NBR, US, 1, types[i], &body);
		harmless(dw, &b, PIM_DROP_type_unhandled);
	}
}

/* --- item 7 ------------------------------------------------------------------------------------------------------ */

static void hello_options_that_lie(void **state)
{
	static const struct {
		unsigned type, len;
		enum pim_drop why;
	} v[] = {{PIM_OPT_GENID, 2000, PIM_DROP_option_truncated},
		{777, 65535, PIM_DROP_option_truncated},
		{PIM_OPT_DR_PRIORITY, 2, PIM_DROP_option_length},
		{PIM_OPT_ADDRESS_LIST, 4, PIM_DROP_addr_family}};
	struct data_world *dw = *state;

	for (unsigned i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct bytes body = hello_body(0), b;

		put16(&body, v[i].type);
		put16(&body, v[i].len);
		put32(&body, 0);
		body.len -= v[i].len < 4 ? 4 - v[i].len : 0;
		b = packet4(NBR, PIM_HELLO, &body);
		harmless(dw, &b, v[i].why);
	}
}

/* When all places are taken, nothing changes any more, whoever comes; the first neighbours are still there. */
static void hellos_of_5000_strangers(void **state)
{
	struct data_world *dw = *state;
	struct bytes body = hello_body(PIM_HOLDTIME_FOREVER), b;
	struct ipaddr nbr = addr(NBR);
	uint64_t before = 0;
	char src[IP_STRLEN];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(src, sizeof(src), "10.3.%u.%u", i / 250, i % 250 + 1);
		b = packet4(src, PIM_HELLO, &body);
		if (i == 1000)
			before = digest(dw);
		receive(dw, dw->lan, &b);
	}
	assert_true(digest(dw) == before);
	assert_int_equal(pif(dw, dw->lan)->n_neighbors, 512);
	assert_non_null(pim_neigh_find(pif(dw, dw->lan), &nbr));
	assert_int_equal(drops(dw, PIM_DROP_neighbor_limit), 5000 - (512 - 2));
}

static void unknown_options_are_no_mistake(void **state)
{
	struct data_world *dw = *state;
	struct bytes body = {0}, b;

	put16(&body, 777);
	put16(&body, 3);
	put8(&body, 1);
	put16(&body, 2);
	put16(&body, PIM_OPT_HOLDTIME);
	put16(&body, 2);
	put16(&body, 60);
	b = packet4(STRANGER, PIM_HELLO, &body);
	receive(dw, dw->lan, &b);
	assert_int_equal(pif(dw, dw->lan)->n_neighbors, 3);
}

/* --- item 10 ----------------------------------------------------------------------------------------------------- */

static void register_stop_of_somebody_else(void **state)
{
	struct data_world *dw = *state;
	struct bytes body = {0}, b;

	put_group(&body, "239.2.2.2");
	put_unicast(&body, S_LAN);
	assert_int_equal(source(dw, S_LAN, "239.2.2.2")->reg, REG_JOIN);
	b = packet4_to("10.0.1.3", US, 64, PIM_REGISTER_STOP, &body);
	harmless_on(dw, dw->up, &b, PIM_DROP_register_stop_not_rp);
	b = packet4_to(RP, US, 64, PIM_REGISTER_STOP, &body);
	body.b[5] = 3; /* another source, which is not registered */
	b = packet4_to(RP, US, 64, PIM_REGISTER_STOP, &body);
	harmless_on(dw, dw->up, &b, PIM_DROP_register_stop_unknown);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, data_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sound_messages_do_change_something),
		T(ip_headers_that_lie),
		T(headers_of_no_pim),
		T(link_messages_to_a_unicast_address),
		T(messages_of_who_is_no_neighbour),
		T(interfaces_that_are_passive_or_without_pim),
		T(encoded_addresses_that_are_none),
		T(counts_beyond_the_message),
		T(messages_cut_anywhere),
		T(messages_of_dense_mode_of_any_size),
		T(hello_options_that_lie),
		T(hellos_of_5000_strangers),
		T(unknown_options_are_no_mistake),
		T(register_stop_of_somebody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
