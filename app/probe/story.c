/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 */
#include "app/probe/story.h"

#include <stdlib.h>

/* A worker ends all its packets at the end of each round: a handful of rounds of all workers. */
#define OPEN_MAX 4096

struct stories {
	struct story **v;
	uint32_t n, cap;
};

struct stories *stories_new(void)
{
	return calloc(1, sizeof(struct stories));
}

void story_free(struct story *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_outputs; i++)
		free(s->outputs[i].rec);
	free(s->outputs);
	free(s->packet);
	free(s);
}

void stories_free(struct stories *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		story_free(s->v[i]);
	free(s->v);
	free(s);
}

static struct dp_probe_record *record_copy(const struct dp_probe_record *rec)
{
	struct dp_probe_record *copy = malloc(sizeof(*copy) + rec->n_bytes);

	if (copy)
		memcpy(copy, rec, sizeof(*copy) + rec->n_bytes);
	return copy;
}

static void begin(struct stories *s, const struct dp_probe_record *rec)
{
	struct story *new, **grown;

	if (s->n == s->cap) {
		if (s->cap == OPEN_MAX)
			return;
		grown = realloc(s->v, (s->cap + 64) * sizeof(*grown));
		if (!grown)
			return;
		s->v = grown;
		s->cap += 64;
	}
	new = calloc(1, sizeof(*new));
	if (new)
		new->packet = record_copy(rec);
	if (!new || !new->packet) {
		story_free(new);
		return;
	}
	s->v[s->n++] = new;
}

/* Newest first: that is the one a worker is writing about. */
static struct story **find(struct stories *s, const struct dp_probe_record *rec)
{
	for (uint32_t i = s->n; i > 0; i--) {
		const struct dp_probe_record *p = s->v[i - 1]->packet;

		if (p->worker == rec->worker && p->number == rec->number)
			return &s->v[i - 1];
	}
	return NULL;
}

static void add_output(struct story *s, const struct dp_probe_record *rec)
{
	struct story_output *grown;

	grown = realloc(s->outputs, (s->n_outputs + 1) * sizeof(*grown));
	if (!grown)
		return;
	s->outputs = grown;
	grown[s->n_outputs] =
		(struct story_output){.rec = record_copy(rec), .tx_reason = DROP_COUNT};
	s->n_outputs += grown[s->n_outputs].rec != NULL;
}

static void add_tx(struct story *s, const struct dp_probe_record *rec)
{
	for (uint32_t i = 0; i < s->n_outputs; i++)
		if (s->outputs[i].rec->output.index == rec->output.index)
			s->outputs[i].tx_reason = rec->output.reason;
}

struct story *stories_add(struct stories *s, const struct dp_probe_record *rec)
{
	struct story **at, *whole;

	if (rec->kind == DP_PROBE_PACKET) {
		begin(s, rec);
		return NULL;
	}
	at = find(s, rec);
	if (!at)
		return NULL;
	switch ((enum dp_probe_kind)rec->kind) {
	case DP_PROBE_PACKET:
		break;
	case DP_PROBE_COPY:
	case DP_PROBE_NO_COPY:
		add_output(*at, rec);
		break;
	case DP_PROBE_TX:
		add_tx(*at, rec);
		break;
	case DP_PROBE_END:
		whole = *at;
		whole->end = rec->end;
		memmove(at, at + 1, (size_t)(&s->v[--s->n] - at) * sizeof(*at));
		return whole;
	}
	return NULL;
}

bool story_copy_sent(const struct story_output *o)
{
	return o->rec->kind == DP_PROBE_COPY && o->tx_reason == DROP_COUNT;
}

uint8_t story_reason(const struct story *s)
{
	if (s->packet->packet.verdict == DP_FATE_DROP)
		return s->packet->packet.reason;
	return s->end.reason;
}
