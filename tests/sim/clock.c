/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The virtual clock: events in a heap by time, those of one time in the order in which they were made, so
 * that a seed gives the same run everywhere.
 */
#include "tests/sim/priv.h"

#include <stdarg.h>

void *sim_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		fprintf(stderr, "sim: out of memory\n");
		exit(1);
	}
	return p;
}

void *sim_grow(void *v, size_t n, size_t *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 16;
	p = realloc(v, *cap * size);
	if (!p) {
		fprintf(stderr, "sim: out of memory\n");
		exit(1);
	}
	return p;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void push(struct sim *s, struct sim_event ev)
{
	size_t i = s->n_heap;

	s->heap = sim_grow(s->heap, s->n_heap, &s->heap_cap, sizeof(*s->heap));
	s->n_heap++;
	ev.seq = s->seq++;
	while (i > 0 && before(&ev, &s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = ev;
}

static struct sim_event pop(struct sim *s)
{
	struct sim_event top = s->heap[0], last = s->heap[--s->n_heap];
	size_t i = 0;

	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= s->n_heap)
			break;
		if (c + 1 < s->n_heap && before(&s->heap[c + 1], &s->heap[c]))
			c++;
		if (!before(&s->heap[c], &last))
			break;
		s->heap[i] = s->heap[c];
		i = c;
	}
	s->heap[i] = last;
	return top;
}

void sim_at(struct sim *s, uint64_t due_us, void (*fn)(struct sim *s, void *arg, uint64_t n),
	void *arg, uint64_t n)
{
	push(s, (struct sim_event){.due_us = due_us, .fn = fn, .arg = arg, .n = n});
}

void sim_deliver_at(struct sim *s, uint64_t due_us, struct sim_port *p, struct sim_packet *pkt)
{
	push(s, (struct sim_event){.due_us = due_us, .arg = p, .packet = sim_packet_get(pkt)});
}

void sim_run(struct sim *s, double seconds)
{
	uint64_t end = s->now_us + (uint64_t)(seconds * 1e6);

	while (s->n_heap > 0 && s->heap[0].due_us <= end) {
		struct sim_event ev = pop(s);

		s->now_us = ev.due_us > s->now_us ? ev.due_us : s->now_us;
		s->events_done++;
		if (ev.fn) {
			ev.fn(s, ev.arg, ev.n);
		} else {
			sim_port_receive(ev.arg, ev.packet);
			sim_packet_put(ev.packet);
		}
	}
	s->now_us = end;
}

bool sim_chance(struct sim *s, uint32_t millionths)
{
	return millionths && prng_below(&s->rng, SIM_CHANCE) < millionths;
}

/* --- the whole ---------------------------------------------------------------------------------- */

struct sim *sim_new(uint64_t seed)
{
	struct sim *s = sim_alloc(sizeof(*s));

	s->seed = seed;
	s->ipv4 = true;
	s->rng.state = seed;
	s->now_us = SIM_S;
	s->control_delay_us = 200;
	return s;
}

static void link_free(struct sim_link *l)
{
	for (unsigned i = 0; i < l->n_ports; i++)
		free(l->ports[i]);
	free(l->ports);
	free(l);
}

void sim_free(struct sim *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_heap; i++)
		if (s->heap[i].packet)
			sim_packet_put(s->heap[i].packet);
	for (unsigned i = 0; i < s->n_routers; i++)
		sim_router_free(s->routers[i]);
	for (unsigned i = 0; i < s->n_hosts; i++)
		sim_host_free(s->hosts[i]);
	for (unsigned i = 0; i < s->n_sources; i++)
		free(s->sources[i]);
	for (unsigned i = 0; i < s->n_links; i++)
		link_free(s->links[i]);
	free(s->routers);
	free(s->hosts);
	free(s->sources);
	free(s->links);
	free(s->heap);
	free(s);
	log_set_sink(NULL, NULL);
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (s->failures++ == 0)
		snprintf(s->first_failure, sizeof(s->first_failure), "%.3f s: %s",
			(double)s->now_us / 1e6, line);
	SIM_TRACE(s, "FAULT", "%s", line);
}
