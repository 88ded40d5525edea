/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Make before break. While a route moves, packets that both paths bring are told by a fingerprint (prints.c), and
 * of each that both have brought one copy is forwarded, whatever the rates, delays and moments:
 *
 *   its copy by the other path    was forwarded: dropped;  was dropped: forwarded
 *   is the first                  of the path that is in use: forwarded;  of the other: dropped
 *
 * The old path is in use until two different packets have been seen on both, so that each is known to bring what
 * the other does; then the next one is. If the next path is the slower one, it goes on bringing what has been
 * forwarded already, which is dropped, until it has caught up. If it is the faster one, the old path still brings what
 * the next one brought before, and that is forwarded. The old path is needed until the first packet after
 * the change that was forwarded already (`done`): it has nothing left to give.
 *
 * Where that does not come to pass: once the old path has been silent for SILENT_MS and SILENT_PACKETS of the next
 * one, both are in use. But what was forwarded before the move has no fingerprint, and a next path that was
 * flowing already and is slower brings it when a source pauses, as if it were new: so both are in use no
 * sooner than STALE_MS after the last such packet. Paths that do not bring the same bytes change DP_MOVE_MS after the next one's first
 * packet. Packets that cannot be told from each other are taken from the path in use, and if they prevail, the
 * change comes OVERLAP_MS after that first packet.
 *
 * Two paths on one interface (neighbours on a LAN) are both in use: an Assert may silence either at any moment.
 *
 * Workers share this state without locks: it is hints but for the prints, of which each is one word.
 */
#include "dataplane/moving.h"
#include "dataplane/hdr/ip4.h"
#include "dataplane/hdr/ip6.h"
#include "dataplane/path.h"
#include "dataplane/prints.h"
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>

#define SILENT_MS 10
#define SILENT_PACKETS 3
#define STALE_MS 300
#define OVERLAP_MS 10
#define PRINT_BYTES 1536 /* of a packet, which its fingerprint is about */
#define UDP_LEN 8
#define UDP_SUM 6

/* --- control's side ----------------------------------------------------------------------------------------- */

/* The inputs of the move that `in` asks for; false: none. */
static bool move_of(const struct mfib_inputs *in, uint16_t *old, uint16_t *next)
{
	*old = *next = 0;
	for (uint32_t i = 0; i < in->n; i++) {
		const struct dp_input *v = &in->v[i];

		if (v->role == DP_ROLE_NEXT)
			*next = v->ifid;
		else if (v->role == DP_ROLE_PRIMARY && v->flags & DP_INPUT_ACCEPT)
			*old = v->ifid;
	}
	if (!*old)
		*old = *next;
	return *next;
}

static struct fwd_move *move_new(
	const struct fwd_tables *t, uint16_t old, uint16_t next, uint64_t used)
{
	struct fwd_move *mv = calloc(1, sizeof(*mv));

	if (!mv)
		return NULL;
	mv->salt = mfib_mix(rte_rdtsc() ^ t->seed[0], (uintptr_t)mv ^ t->seed[1]);
	mv->before = used;
	mv->old = old;
	mv->next = next;
	return mv;
}

int moving_begin(
	const struct fwd_tables *t, struct mfib_inputs *in, struct fwd_move *before, uint64_t used)
{
	uint16_t old, next;
	struct fwd_move *mv = before;

	in->move = NULL;
	if (!move_of(in, &old, &next))
		return 0;
	if (!mv || mv->old != old || mv->next != next)
		mv = move_new(t, old, next, used);
	if (!mv)
		return -ENOMEM;
	mv->refs++;
	in->move = mv;
	for (uint32_t i = 0; i < in->n; i++) {
		if (in->v[i].ifid == old || in->v[i].ifid == next)
			in->v[i].flags |= INPUT_MOVING;
	}
	return 0;
}

void moving_end(struct fwd_move *mv)
{
	if (mv && --mv->refs == 0)
		free(mv);
}

/* --- fingerprints --------------------------------------------------------------------------------------------- */

static uint64_t mix_bytes(const struct worker *w, uint64_t h, const uint8_t *p, unsigned n)
{
	const uint64_t *seed = w->t->seed;
	uint64_t v[2];

	for (; n >= sizeof(v); p += sizeof(v), n -= (unsigned)sizeof(v)) {
		memcpy(v, p, sizeof(v));
		h = mfib_mix(h ^ v[0], v[1] ^ seed[1]);
	}
	v[0] = v[1] = 0;
	memcpy(v, p, n);
	return mfib_mix(h ^ v[0] ^ seed[2], v[1] ^ seed[3] ^ n);
}

/* All but what changes on the way: TTL, DSCP and ECN, header checksum; the UDP checksum, which may be unfinished
 * (finish.c). hdr: the packet's first n bytes, the whole IP header among them. */
static uint64_t mix_packet(
	const struct worker *w, uint64_t h, const uint8_t *hdr, unsigned n, uint8_t family)
{
	uint8_t head[IP6_LEN], proto;
	unsigned at, len = family == IP_V4 ? IP4_LEN : IP6_LEN;
	bool first = true;

	memcpy(head, hdr, len);
	if (family == IP_V4) {
		at = (hdr[0] & 0xfu) * 4;
		proto = hdr[IP4_PROTO];
		first = !(be16(hdr + IP4_FRAG) & IP4_FRAG_MASK);
		head[1] = head[IP4_TTL] = 0;
		head[IP4_CSUM] = head[IP4_CSUM + 1] = 0;
	} else {
		at = IP6_LEN;
		proto = hdr[IP6_NEXT];
		head[0] = head[IP6_HOPS] = 0;
		head[1] &= 0xf;
	}
	h = mix_bytes(w, h, head, len);
	h = mix_bytes(w, h, hdr + len, at - len);
	if (proto == IP_PROTO_UDP && first && n >= at + UDP_LEN) {
		h = mix_bytes(w, h, hdr + at, UDP_SUM);
		at += UDP_LEN;
	}
	return mix_bytes(w, h, hdr + at, n - at);
}

static uint64_t print_of(const struct worker *w, const struct pkt *p, uint64_t salt)
{
	unsigned n = RTE_MIN((unsigned)p->ip_len, (unsigned)PRINT_BYTES);
	uint8_t buf[PRINT_BYTES];

	return mix_packet(w, salt, rte_pktmbuf_read(p->m, p->l3, n, buf), n, p->family);
}

/* --- the move --------------------------------------------------------------------------------------------------- */

#define GET(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* The sender's MAC; 0 out of a tunnel. */
static uint64_t mac_of(const struct pkt *p)
{
	uint64_t mac = 0;

	if (!p->decaps)
		memcpy(&mac, rte_pktmbuf_mtod_offset(p->m, const uint8_t *, 6), 6);
	return mac;
}

/* By which path p has come. On one interface the old one is that of the first packet. */
static unsigned path_of(struct fwd_move *mv, const struct pkt *p)
{
	uint64_t mac, first = 0;

	if (mv->old != mv->next)
		return p->iif == mv->next ? PRINTS_NEXT : PRINTS_OLD;
	mac = mac_of(p);
	if (atomic_compare_exchange_strong_explicit(
		    &mv->mac, &first, mac, memory_order_relaxed, memory_order_relaxed))
		return PRINTS_OLD;
	return mac == first ? PRINTS_OLD : PRINTS_NEXT;
}

static void use_more(struct fwd_move *mv, enum moving_use use)
{
	if (GET(mv->use) < use)
		SET(mv->use, (uint8_t)use);
}

static uint64_t passed(uint64_t since, uint64_t now)
{
	return now > since ? now - since : 0;
}

/* A packet of the next path has come: whether the old one has had its time. */
static void next_heard(struct fwd_move *mv, uint64_t ms, uint64_t now)
{
	uint64_t since = GET(mv->since), waited;
	uint32_t alone = GET(mv->alone) + 1;

	SET(mv->alone, alone);
	if (!since) {
		SET(mv->since, now);
		return;
	}
	waited = passed(since, now);
	if (waited >= DP_MOVE_MS * ms ||
		(waited >= OVERLAP_MS * ms && GET(mv->same) > GET(mv->fresh))) {
		use_more(mv, MOVING_NEXT);
		SET(mv->done, true);
	} else if (alone > SILENT_PACKETS && waited >= SILENT_MS * ms &&
		   passed(GET(mv->heard), now) >= SILENT_MS * ms &&
		   passed(mv->before, now) >= STALE_MS * ms) {
		use_more(mv, MOVING_BOTH);
	}
}

static void old_heard(struct fwd_move *mv, uint64_t now)
{
	SET(mv->alone, 0);
	SET(mv->heard, now);
}

/* What a packet tells of the two paths. */
static void learn(struct fwd_move *mv, enum prints_met met, uint64_t print)
{
	switch (met) {
	case PRINTS_FIRST:
		SET(mv->fresh, GET(mv->fresh) + 1);
		return;
	case PRINTS_SAME:
		SET(mv->same, GET(mv->same) + 1);
		return;
	case PRINTS_SENT:
		if (GET(mv->use) == MOVING_NEXT)
			SET(mv->done, true);
		break;
	case PRINTS_UNSENT:
		break;
	}
	if (!GET(mv->met))
		SET(mv->met, print);
	else if (GET(mv->met) != print)
		use_more(mv, MOVING_NEXT);
}

/* Whether what comes first by this path is forwarded. */
static bool in_use(const struct fwd_move *mv, unsigned path)
{
	if (mv->old == mv->next)
		return true;
	return GET(mv->use) == MOVING_BOTH ||
	       (GET(mv->use) == MOVING_NEXT) == (path == PRINTS_NEXT);
}

bool moving_takes(struct worker *w, const struct pkt *p, uint64_t now, bool *tell)
{
	struct fwd_move *mv = p->route->inputs->move;
	unsigned path = path_of(mv, p);
	uint64_t print = print_of(w, p, mv->salt);
	enum prints_met met;
	bool takes;

	if (path == PRINTS_OLD)
		old_heard(mv, now);
	else if (!GET(mv->done))
		next_heard(mv, prints_ms(w->t->prints), now);
	takes = in_use(mv, path);
	met = prints_meet(w->t->prints, print, path, takes && p->ttl > 1, now);
	learn(mv, met, print);
	if (path == PRINTS_NEXT || mv->old == mv->next)
		*tell &= GET(mv->done);
	switch (met) {
	case PRINTS_FIRST:
	case PRINTS_SAME:
		return takes;
	case PRINTS_SENT:
		return false;
	case PRINTS_UNSENT:
		return true;
	}
	return true;
}
