/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The model data plane: routes that move (DP_ROLE_NEXT). As dataplane/moving.c, but that packets are known by source
 * and number, and all of them apart.
 */
#include "tests/sim/mdp_priv.h"

#define OLD 1u
#define NEXT 2u
#define SEEN 256u
#define SILENT_US 10000u
#define SILENT_PACKETS 3u
#define STALE_US 300000u

struct mdp_seen {
	const struct sim_source *source;
	uint32_t seq;
	unsigned paths; /* by which it has come */
	bool sent;
	uint64_t us;
};

struct mdp_move {
	uint16_t old, next;
	int sender; /* on one interface: who forwards by the old path; -1: none heard */
	uint64_t since_us, heard_us;
	uint64_t before_us; /* the last packet before the move; 0: none */
	unsigned met, alone;
	enum { USE_OLD, USE_BOTH, USE_NEXT } use;
	bool done;
	unsigned at;
	struct mdp_seen seen[SEEN];
};

/* The inputs of the move a route asks for; false: none. */
static bool move_of(const struct dp_route *r, uint16_t *old, uint16_t *next)
{
	*old = *next = 0;
	for (unsigned i = 0; i < r->n_inputs; i++) {
		if (r->inputs[i].role == DP_ROLE_NEXT)
			*next = r->inputs[i].ifid;
		else if (r->inputs[i].flags & DP_INPUT_ACCEPT)
			*old = r->inputs[i].ifid;
	}
	if (!*old)
		*old = *next;
	return *next;
}

void mdp_move_follow(struct mdp_route *r)
{
	struct mdp_move *mv = r->move;
	uint16_t old, next;

	if (!move_of(&r->r, &old, &next)) {
		free(mv);
		r->move = NULL;
	} else if (!mv || mv->old != old || mv->next != next) {
		free(mv);
		r->move = sim_alloc(sizeof(*mv));
		r->move->old = old;
		r->move->next = next;
		r->move->sender = -1;
		r->move->before_us = r->last_us;
	}
}

static unsigned path_of(struct mdp_move *mv, uint16_t ifid, const struct sim_packet *p)
{
	int sender = p->n_path ? p->path[p->n_path - 1] : -2;

	if (mv->old != mv->next)
		return ifid == mv->next ? NEXT : OLD;
	if (mv->sender == -1)
		mv->sender = sender;
	return mv->sender == sender ? OLD : NEXT;
}

static struct mdp_seen *find(struct mdp_move *mv, const struct sim_packet *p, uint64_t now)
{
	for (unsigned i = 0; i < SEEN; i++) {
		struct mdp_seen *s = &mv->seen[i];

		if (s->paths && s->source == p->source && s->seq == p->seq &&
			now - s->us <= DP_MOVE_MS * 1000u)
			return s;
	}
	return NULL;
}

static void next_heard(struct mdp_move *mv, uint64_t now)
{
	mv->alone++;
	if (!mv->since_us) {
		mv->since_us = now;
	} else if (now - mv->since_us >= DP_MOVE_MS * 1000u) {
		mv->use = USE_NEXT;
		mv->done = true;
	} else if (mv->use == USE_OLD && mv->alone > SILENT_PACKETS &&
		   now - mv->since_us >= SILENT_US && now - mv->heard_us >= SILENT_US &&
		   (!mv->before_us || now - mv->before_us >= STALE_US)) {
		mv->use = USE_BOTH;
	}
}

/* The second copy of a packet. */
static bool take_second(struct mdp_move *mv, struct mdp_seen *s, unsigned path)
{
	bool sends = !s->sent;

	s->paths |= path;
	s->sent = true;
	if (!sends && mv->use == USE_NEXT)
		mv->done = true;
	if (++mv->met >= 2)
		mv->use = USE_NEXT;
	return sends;
}

bool mdp_move_takes(
	struct mdp *m, struct mdp_route *r, uint16_t ifid, const struct sim_packet *p, bool *tell)
{
	struct mdp_move *mv = r->move;
	uint64_t now = sim_clock(m->router);
	unsigned path = path_of(mv, ifid, p);
	struct mdp_seen *s = find(mv, p, now);
	bool one = mv->old == mv->next, takes;

	if (path == OLD) {
		mv->alone = 0;
		mv->heard_us = now;
	} else if (!mv->done) {
		next_heard(mv, now);
	}
	if (s && s->paths != path) {
		takes = take_second(mv, s, path);
	} else {
		takes = one || mv->use == USE_BOTH || (mv->use == USE_NEXT) == (path == NEXT);
		mv->seen[mv->at++ % SEEN] = (struct mdp_seen){p->source, p->seq, path, takes, now};
	}
	if (path == NEXT || one)
		*tell = *tell && mv->done;
	return takes;
}
