/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell's handlers: building the JSON values that `show` shows, and the tables of
 * commands that tables.c puts together.
 *
 * Without memory a member is left out: a show that lacks a line is better than a router that ends.
 */
#pragma once

#include "app/app.h"
#include "app/shell/command.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Entries that a show of something large prints unless `limit N` says more. Each costs the control
 * lcore some 30 us, which on a one-lcore router are taken from forwarding. */
#define SHOW_LIMIT 1000

/* Members of an object. NULL strings and absent addresses are null. */
void put_text(json_t *o, const char *key, const char *text);
void put_number(json_t *o, const char *key, uint64_t number);
void put_bool(json_t *o, const char *key, bool yes);
void put_real(json_t *o, const char *key, double number);
void put_ip(json_t *o, const char *key, const struct ipaddr *ip); /* IP_NONE: null */
void put_mac(json_t *o, const char *key, const uint8_t mac[6]);
void put_value(json_t *o, const char *key, json_t *value); /* takes value */
/* Seconds that are left; null for TIMER_NEVER. Until a time: 0 if it has passed. */
void put_left(json_t *o, const char *key, uint64_t left_us);
void put_until(json_t *o, const char *key, uint64_t due_us, uint64_t now_us);
/* Whole seconds since a time. */
void put_since(json_t *o, const char *key, uint64_t since_us, uint64_t now_us);
/* An array under key, to be filled. */
json_t *put_array(json_t *o, const char *key);
json_t *put_object(json_t *o, const char *key);
/* A new object at the end of an array. */
json_t *add_object(json_t *array);

/* Who sent what a counter counted last: {counter, address} at the end of an array, nothing for IP_NONE; and the
 * address again by the counter's name, NULL if it is not there, borrowed. */
void put_last_from(json_t *array, const char *counter, const struct ipaddr *address);
const char *last_from(const json_t *array, const char *counter);

/* "10.0.0.0/8" always with its length. */
const char *prefix_text(const struct prefix *p, char *buf, size_t cap);
/* Name of an interface; "any", "register", or "#7" for one that is gone. Into buf. */
const char *ifid_name(const struct app *app, uint16_t ifid, char *buf, size_t cap);
/* What an output does to a packet for its unicast address: "her", "register"; NULL without one. */
const char *encap_name(uint8_t encap, const struct ipaddr *unicast);
/* "ospf" for 188, the number otherwise. */
const char *rtm_protocol_name(uint8_t protocol, char *buf, size_t cap);
/* Why an interface is not up, "" if it is. */
const char *if_problem(const struct app *app, const struct net_if *ifp, char *buf, size_t cap);

/* Why PIM is not up on an interface, "" if it is. */
const char *pim_if_problem(
	const struct app *app, const struct pim_iface_info *i, char *buf, size_t cap);

/* The value of `limit N`, or SHOW_LIMIT. */
size_t show_limit(const struct cmd_args *args);
/* Closes a show of {key: [...], "total", "shown"}. */
void put_totals(json_t *o, size_t total, size_t shown);
/* "12 more: ..." below a table that was cut. */
void text_totals(const json_t *o, FILE *to);

/* "(S, G): ..." below a table: an output that is the input gets nothing. */
void text_not_back(const json_t *tree, const char *input, FILE *to);

/* Packets and bytes a second of something counted, since it was last asked for; false the first time
 * or if that was under 0.1 s ago with nothing to tell. key: whatever identifies it. */
struct rate {
	double pps, bits_ps;
	double wrong_if_ps; /* packets on other interfaces than the input */
	double dropped_ps;  /* accepted ones that no output took */
	double seconds;     /* over which all this is */
};
bool rate_sample(const struct dp_route_key *key, uint64_t now_us, const struct dp_route_counters *c,
	struct rate *out);

/* Packets or signals of a kind (DP_PUNT_*, DP_POLICE_UPCALL) that policers and full rings have kept from
 * control, on all ports (show_police.c). */
uint64_t police_refused(const struct app *app, unsigned kind);

/* What the workers have dropped, by enum drop_reason, all of them together (show_system.c). */
void drops_sum(const struct app *app, uint64_t drops[DROP_COUNT]);

/* --- tables (tables.c) ------------------------------------------------------------------------ */

extern const struct cmd show_net_cmds[], show_port_cmds[], show_offload_cmds[], show_mroute_cmds[],
	show_gmp_cmds[], show_pim_cmds[], show_pim_tree_cmds[], show_system_cmds[],
	show_police_cmds[];
extern const struct cmd do_write_cmds[], do_route_cmds[], do_router_cmds[], explain_cmds[],
	help_cmds[];
extern const struct cmd trace_cmds[], pcap_cmds[];
