/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The tree information base: what every protocol wishes for a route, merged into one MFIB entry.
 *
 * The data plane's lookup takes exactly one entry, the most specific one. So each entry is the
 * union of all wishes that cover it: the outputs of (*,G), of group prefixes and of static routes
 * are in every (S,G) below them. Where two wishes overlap and neither contains the other, as
 * (10.0.0.0/8, 239.1.0.0/16) and (*, 239.1.1.0/24) do, the TIB makes an entry of its own for what they
 * have in common, a crossing. Sources that a wish excepts have an entry too, in which that wish takes no
 * part. The TIB recomputes an entry when any wish that covers it changes, and it is the only caller of
 * the MFIB.
 */
#pragma once

#include "control/net/net.h"

/* Whose input interface counts when wishes disagree: the highest; `explain` shows it. */
enum tib_precedence {
	TIB_PREC_PROXY = 10,
	TIB_PREC_DM = 20,
	TIB_PREC_SM = 30,
	TIB_PREC_STATIC = 40,
};

/* An output as a protocol names it. */
struct tib_output {
	uint16_t ifid;         /* where it leaves; 0 with her_dst: wherever the route leads */
	uint8_t ttl_threshold; /* 0 none */
	uint8_t her_ttl;       /* 1..255 */
	uint16_t her_port;     /* 0: keep */
	bool threshold_if;     /* HER: the threshold is that of the interface it leaves by */
	bool her_set_dscp;     /* her_dscp, 0..63, replaces the packet's */
	uint8_t her_dscp;
	bool preserve_source; /* HER: keep the source address */
	bool allow_input;
	uint8_t encap;         /* enum dp_encap of an output with her_dst */
	struct ipaddr her_dst; /* IP_NONE: native multicast */
	struct ipaddr her_src; /* HER: source to use; IP_NONE: egress interface's address */
};

struct tib_wish {
	uint16_t owner;     /* protocol number of the runner */
	uint8_t precedence; /* enum tib_precedence */
	uint8_t n_inputs;
	/* It says all that its owner wants for the key: the owner's less specific wishes take no part
	 * (an (S,G) of PIM, whose list of outputs contains those of (*,G) that S is not pruned from). */
	bool complete;
	struct dp_route_key key;
	struct dp_input inputs[DP_INPUTS_MAX];
	uint32_t n_outputs;
	const struct tib_output *outputs; /* borrowed during the call, copied inside */
	/* Sources for which this wish does not hold, each within key.src; borrowed likewise. */
	uint32_t n_excepts;
	const struct prefix *excepts;
};

/* What merging wishes gives: values only, no ids of the data plane. */
struct tib_merged {
	uint8_t n_inputs;
	struct dp_input inputs[DP_INPUTS_MAX];
	uint16_t input_owner; /* whose inputs these are */
	bool input_conflict;  /* another wish of the same key named other inputs */
	bool excepted;        /* every wish excepts it: dropped silently, whatever it comes in on */
	uint32_t n_outputs;
	struct tib_output *outputs; /* sorted, no duplicates; free with tib_merged_fini */
};

/* The pure merge: wishes are all that cover key (in any order). One that excepts key's sources takes no
 * part; if all do, what arrives is dropped silently (DP_INPUT_DROP everywhere). Inputs come from the wish with the
 * highest precedence among those of the most specific key; equal precedence: the lowest owner. It
 * may have none: then nothing is accepted. Outputs are the union; two outputs are the same if ifid,
 * her_dst and her_port are, and how it is sent (threshold, source, TTL) comes from the highest
 * precedence, then the most specific key, then the lowest owner, then the lower threshold. An
 * output that is the only input interface is kept (the data plane will not send a copy back to where
 * it came from). 0 or -ENOMEM. */
int tib_merge(const struct dp_route_key *key, const struct tib_wish *const *wishes, size_t n,
	struct tib_merged *out);
void tib_merged_fini(struct tib_merged *m);

struct tib;

struct tib *tib_new(const struct dp *dp, struct net *net);
void tib_free(struct tib *tib); /* routes of the data plane are left as they are */

/* Sets or replaces the wish of (owner, key); deletes it. -ENOENT, -ENOMEM, -ENOSPC; -EINVAL for a key or
 * an except that cannot be. Takes effect in
 * the data plane at tib_commit, so that many changes cost one bulk call. */
int tib_wish_set(struct tib *tib, const struct tib_wish *w, uint64_t now_us);
int tib_wish_del(struct tib *tib, uint16_t owner, const struct dp_route_key *key);
/* All wishes of an owner not set since begin are deleted at end (reload). */
void tib_resync_begin(struct tib *tib, uint16_t owner);
void tib_resync_end(struct tib *tib, uint16_t owner);
/* Merges what is dirty and hands it to the data plane. 0, or the first error of those entries that
 * are still not installed: they stay marked and each commit tries them again, up to its first
 * failure, so that a full table costs one refused call a commit. */
int tib_commit(struct tib *tib);
/* An interface, an address or a route changed: egress and source of HER outputs follow at the next
 * tib_commit, under the same oif ids. */
void tib_net_changed(struct tib *tib, const struct net_change *c);

/* An installed entry, for show. Borrowed until the next tib_* call that changes something. */
struct tib_entry_info {
	struct dp_route_key key;
	const struct tib_merged *merged;
	const uint32_t *oifs; /* the data plane's oif id of each output, same order */
	uint64_t created_us;
	uint32_t n_wishes;
	const uint16_t *
		owners; /* owner of each wish that takes part; of the excepting ones if none does */
	bool crossing;  /* nobody named its key: it is where two wishes overlap */
	int error;      /* 0 or why it is not installed (-errno) */
};
bool tib_entry_get(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out);
/* In order of table, group, source. Filters may be NULL; an address matches the entries whose prefix
 * holds it but not "*", which IP_NONE matches alone. Returns false from cb to stop. */
void tib_walk(const struct tib *tib, const struct ipaddr *src, const struct ipaddr *grp,
	bool (*cb)(void *arg, const struct tib_entry_info *e), void *arg);
/* All of them, from the first entry on that does not stand before key (NULL: from the beginning). */
void tib_walk_from(const struct tib *tib, const struct dp_route_key *key,
	bool (*cb)(void *arg, const struct tib_entry_info *e), void *arg);
/* The first entry that does not stand before key; the first one behind all those of key's group. False:
 * none. */
bool tib_first_from(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out);
bool tib_group_behind(
	const struct tib *tib, const struct dp_route_key *key, struct tib_entry_info *out);
/* Some entries in no particular order, at a cost that does not depend on how many there are: begin with
 * cursor 0 and go on with what is returned; 0 again: all were seen. Entries may come and go between two
 * calls; one that stays is seen at least once. */
uint32_t tib_scan(const struct tib *tib, uint32_t cursor,
	void (*cb)(void *arg, const struct tib_entry_info *e), void *arg);
/* The entry that a packet (src, grp) would meet. */
bool tib_lookup(const struct tib *tib, uint16_t table, const struct ipaddr *src,
	const struct ipaddr *grp, struct tib_entry_info *out);
size_t tib_count(const struct tib *tib);
/* The TTL threshold in force of an oif that an entry names; 0 for one that nobody names. */
uint8_t tib_oif_threshold(const struct tib *tib, uint32_t oif);

/* A wish that would cover the packets from src to grp but for its except. */
struct tib_except {
	struct dp_route_key key;
	struct prefix except;
	uint16_t owner;
};
/* The most specific such wish; false if none excepts src. */
bool tib_excepted(const struct tib *tib, uint16_t table, const struct ipaddr *src,
	const struct ipaddr *grp, struct tib_except *out);

/* Crossings have a limit, for n prefixes of sources and m of groups have n times m of them. Beyond it,
 * packets where two wishes overlap have only the outputs of that with the longer group, which is
 * logged; what is missing is made as soon as there is room. */
#define TIB_CROSSINGS_MAX 262144u
struct tib_crossings {
	uint32_t n, max;
	bool missing; /* some are not there, for want of room */
};
void tib_crossings_get(const struct tib *tib, struct tib_crossings *out);
void tib_crossings_limit(struct tib *tib, uint32_t max); /* for what is made from now on */
/* Whether (src, grp) lies on a crossing that is missing. */
bool tib_crossing_missing(
	const struct tib *tib, uint16_t table, const struct ipaddr *src, const struct ipaddr *grp);
