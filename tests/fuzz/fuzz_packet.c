/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Any frames, cut into any segments, through the whole packet path.
 *
 * The input: a byte of flags, a byte that says how many buffers are left, then frames, each with a head of
 * four bytes (port, bytes a segment, length in big-endian) and its bytes; a frame longer than the input is
 * filled up with a pattern.
 *
 * Registers to the router with groups in 239.4/15 and ff3e:4::/32 are forwarded.
 *
 * What must hold: classify and decap come to the same verdict and the same packet however the frame is cut;
 * their offsets stay inside the first segment; what is sent is sound, fits the MTU, comes from the
 * interface's MAC, and is the same whether copies are copied or shared; every buffer comes back.
 */
#include "tests/fuzz/bed.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES_MAX 16

#define FLAG_SEGS 1u    /* ports send chained buffers */
#define FLAG_SCARCE 2u  /* the second byte is the number of buffers left */
#define FLAG_STUCK 4u   /* ports take few frames, and are emptied later */
#define HEAD_REPAIR 16u /* bit of the port byte: lengths and checksums are made right */

struct in_frame {
	unsigned port, seg;
	size_t len;
	uint8_t bytes[BED_FRAME_MAX];
};

struct verdict {
	uint16_t iif, ip_len;
	uint8_t family, ttl, decaps, next, reason;
	size_t len;
	uint8_t bytes[BED_FRAME_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next frame; false at the end. */
static bool frame_next(const uint8_t **p, size_t *left, struct in_frame *f)
{
	size_t have;

	if (*left < 5)
		return false;
	f->port = (*p)[0] % BED_PORTS;
	f->seg = (*p)[1];
	f->len = (size_t)((*p)[2] << 8 | (*p)[3]) % BED_FRAME_MAX;
	if (!f->len)
		f->len = 1;
	have = RTE_MIN(f->len, *left - 4);
	memcpy(f->bytes, *p + 4, have);
	for (size_t i = have; i < f->len; i++)
		f->bytes[i] = (uint8_t)(i * 7);
	if ((*p)[0] & HEAD_REPAIR)
		bed_repair(f->bytes, f->len);
	*p += 4 + have;
	*left -= 4 + have;
	return true;
}

/* --- classify and decap alone -------------------------------------------------------------------------- */

static void verdict_check(const struct bed *b, const struct pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(p->m, const uint8_t *, p->l3);

	FUZZ_CHECK(p->next != PKT_DECAP && p->next != PKT_REGISTER && p->decaps <= 2);
	if (p->next == PKT_DROP) {
		FUZZ_CHECK(p->reason < DROP_COUNT);
		return;
	}
	FUZZ_CHECK(p->iif == DP_IF_REGISTER || p->iif <= BED_IFS);
	FUZZ_CHECK(pkt_interface(p) && b->d.t.ifs[pkt_interface(p)]->c.up);
	FUZZ_CHECK(p->iif != DP_IF_REGISTER || (p->next == PKT_FORWARD && p->decaps));
	if (p->family == 0) {
		FUZZ_CHECK(p->next == PKT_EXCEPTION);
		return;
	}
	FUZZ_CHECK(p->l3 + (p->family == 4 ? 20u : 40u) <= p->m->data_len);
	FUZZ_CHECK(ip[0] >> 4 == p->family);
	FUZZ_CHECK(p->m->pkt_len == (uint32_t)p->l3 + p->ip_len);
	FUZZ_CHECK(p->ttl == (p->family == 4 ? ip[8] : ip[7]) && p->ttl);
	FUZZ_CHECK(p->next != PKT_PROTO || p->l3 == 0);
	if (p->family == 4)
		FUZZ_CHECK(bed_ip4_sound(ip, p->m->data_len - p->l3) ||
			   p->m->data_len - p->l3 < p->ip_len);
	if (p->next == PKT_FORWARD)
		FUZZ_CHECK(p->family == 4 ? ip[16] >> 4 == 0xe : ip[24] == 0xff);
}

static void judge(struct bed *b, const struct in_frame *f, unsigned seg, struct verdict *v)
{
	struct burst *burst = &b->w->b;
	struct pkt *p = &burst->pkts[0];

	memset(v, 0, offsetof(struct verdict, bytes));
	memset(p, 0, sizeof(*p));
	burst->n = 1;
	burst->port = (uint16_t)f->port;
	burst->queue = 0;
	burst->now = rte_rdtsc();
	p->m = bed_chain(b, f->bytes, f->len, seg);
	stage_classify(b->w, burst);
	stage_decap(b->w, burst);
	verdict_check(b, p);
	v->next = p->next;
	v->reason = p->next == PKT_DROP ? p->reason : 0;
	if (p->next != PKT_DROP) {
		v->iif = p->iif;
		v->family = p->family;
		v->decaps = p->decaps;
		v->len = fuzz_bytes(p->m, v->bytes, sizeof(v->bytes));
	}
	if (p->next == PKT_FORWARD) {
		v->ip_len = p->ip_len;
		v->ttl = p->ttl;
		v->len -= p->l3; /* the rest of a tunnel may lie in front */
		memmove(v->bytes, v->bytes + p->l3, v->len);
	}
	rte_pktmbuf_free(p->m);
	p->m = NULL;
	burst->n = 0;
}

static void judge_both(struct bed *b, const struct in_frame *f)
{
	static struct verdict whole, cut;

	judge(b, f, 0, &whole);
	judge(b, f, f->seg ? f->seg : 1, &cut);
	FUZZ_CHECK(memcmp(&whole, &cut, offsetof(struct verdict, bytes)) == 0);
	FUZZ_CHECK(memcmp(whole.bytes, cut.bytes, whole.len) == 0);
}

/* --- all the way ------------------------------------------------------------------------------------------ */

static void sent_ip_check(const uint8_t *ip, size_t len, unsigned mtu)
{
	FUZZ_CHECK(len <= mtu);
	if (ip[0] >> 4 == 4) {
		FUZZ_CHECK(bed_ip4_sound(ip, len));
		FUZZ_CHECK((size_t)(ip[2] << 8 | ip[3]) == len);
		FUZZ_CHECK(ip[8]);
	} else {
		FUZZ_CHECK(len >= 40 && ip[0] >> 4 == 6);
		FUZZ_CHECK((size_t)(ip[4] << 8 | ip[5]) + 40 == len);
		FUZZ_CHECK(ip[7]);
	}
}

static void sent_check(const struct bed *b, unsigned port, const struct rte_mbuf *m)
{
	static uint8_t f[BED_FRAME_MAX * 2];
	size_t n = fuzz_bytes(m, f, sizeof(f)), l3 = 14;
	unsigned vlan = 0;

	FUZZ_CHECK(n >= 14 + 20);
	if (f[12] == 0x81 && f[13] == 0) {
		vlan = (f[14] & 0xfu) << 8 | f[15];
		l3 = 18;
	}
	FUZZ_CHECK(f[6] == 2 && f[11] == port);
	FUZZ_CHECK(f[l3 - 2] == (f[l3] >> 4 == 4 ? 0x08 : 0x86));
	for (unsigned id = 1; id <= 5; id++) {
		const struct dp_if *c = &b->d.t.ifs[id]->c;

		if (c->port != port || c->vlan != vlan)
			continue;
		sent_ip_check(f + l3, n - l3, c->mtu);
		return;
	}
	FUZZ_CHECK(!"sent by an interface");
}

/* A number for all that was sent, in whatever order. */
static uint64_t sent_all(struct bed *b)
{
	static uint8_t f[BED_FRAME_MAX * 2];
	uint64_t all = 0;

	for (unsigned i = 0; i < BED_PORTS; i++)
		for (unsigned k = 0; k < b->port[i].tx_n; k++) {
			size_t n = fuzz_bytes(b->port[i].tx[k], f, sizeof(f));
			uint64_t h = 0xcbf29ce484222325u + i;

			for (size_t at = 0; at < n; at++)
				h = (h ^ f[at]) * 0x100000001b3u;
			all += h ^ h >> 32;
			sent_check(b, i, b->port[i].tx[k]);
		}
	bed_sent_free(b);
	return all;
}

static void routes_make(struct bed *b)
{
	static const uint32_t all[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 12, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0};
	static const uint32_t one[] = {2, 0}, two[] = {2, 3, 4, 0}, none[] = {0};
	static const uint32_t out[] = {1, 4, 21, 22, 0}, registered[] = {1, 2, 3, 28, 0};

	bed_route(b, "*", "239.0.0.0/8", DP_IF_ANY, all);
	bed_route(b, "10.0.0.1", "239.1.1.1", 1, two);
	bed_route(b, "10.0.0.0/24", "239.1.1.1", 1, one);
	bed_route(b, "*", "239.1.1.0/24", 6, out);
	bed_route(b, "*", "239.3.3.3", 1, none);
	bed_route(b, "*", "ff3e::/16", DP_IF_ANY, all);
	bed_route(b, "2001:db8::1", "ff3e::1", 1, two);
	bed_route(b, "*", "ff1e::/16", 8, out);
	bed_route(b, "*", "239.4.0.0/16", DP_IF_REGISTER, registered);
	bed_route(b, "*", "239.5.0.0/16", DP_IF_REGISTER, two);
	bed_route(b, "*", "ff3e:4::/32", DP_IF_REGISTER, registered);
}

static uint64_t forward(struct bed *b, const uint8_t *p, size_t left, unsigned flags, unsigned few)
{
	static struct in_frame f;
	uint64_t sent;

	b->w->gre_id = 0;
	bed_multi_segs(b, flags & FLAG_SEGS);
	for (unsigned i = 0; i < BED_PORTS; i++)
		b->port[i].tx_room = flags & FLAG_STUCK ? few % 16 : BED_QUEUE;
	for (unsigned n = 0; n < FRAMES_MAX && frame_next(&p, &left, &f); n++)
		bed_rx(b, f.port, bed_chain(b, f.bytes, f.len, f.seg));
	if (flags & FLAG_SCARCE)
		fuzz_pool_limit(b->d.t.pool, few);
	bed_run(b);
	fuzz_pool_limit(b->d.t.pool, UINT32_MAX);
	sent = sent_all(b);
	bed_control(b);
	FUZZ_CHECK(fuzz_pool_used() == 0);
	return sent;
}

/* Whether buffers or ports run out is the only thing that may depend on how copies are made. */
static void forward_all(struct bed *b, const uint8_t *data, size_t size)
{
	uint64_t sent[3];

	for (unsigned how = 0; how < RTE_DIM(sent); how++) {
		worker_replicate(b->w, (enum dataplane_replicate)how);
		tables_changed(&b->d); /* the direct lane plans anew */
		sent[how] = forward(b, data + 2, size - 2, data[0], data[1]);
	}
	if (!(data[0] & (FLAG_SCARCE | FLAG_STUCK)))
		FUZZ_CHECK(sent[0] == sent[1] && sent[0] == sent[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct in_frame f;
	static bool ready;
	struct bed *b = bed_get();
	const uint8_t *p = data + 2;
	size_t left = size - 2;

	if (size < 3)
		return 0;
	if (!ready)
		routes_make(b);
	ready = true;
	for (unsigned n = 0; n < FRAMES_MAX && frame_next(&p, &left, &f); n++)
		judge_both(b, &f);
	FUZZ_CHECK(fuzz_pool_used() == 0);
	forward_all(b, data, size);
	return 0;
}
