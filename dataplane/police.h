/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Policers as workers see them: the settings of a port, shared and replaced whole, and each worker's own
 * buckets and counters.
 */
#pragma once

#include "dataplane/hdr/ip4.h"
#include "dataplane/hdr/ip6.h"
#include "dataplane/tables.h"

#include <rte_meter.h>

/* Settings of a port, immutable once published. */
struct fwd_police {
	uint64_t gen; /* buckets made for another one are made anew */
	struct dp_police c;
	struct rte_meter_srtcm_profile kind[DP_POLICE_KINDS]; /* where c.kind has a rate */
	struct rte_meter_srtcm_profile source;                /* if c.source has one */
	uint64_t regular, idle;                               /* cycles */
};

#define SOURCE_SETS 256
#define SOURCE_WAYS 4
#define REGULAR_BITS 1024

/* A source of one class on one interface. */
struct source {
	uint64_t first, last; /* passed at */
	struct rte_meter_srtcm bucket;
	bool regular;
	uint8_t cls;  /* enum dp_punt_class */
	uint16_t bit; /* of police_port.maybe */
};

struct police_port {
	const struct fwd_police *conf;
	uint64_t gen; /* of the settings that the buckets are made for; 0: none yet */
	uint64_t dry_until[DP_POLICE_KINDS]; /* no token before this time stamp */
	struct rte_meter_srtcm bucket[DP_POLICE_KINDS];
	struct dp_police_counters n[DP_POLICE_KINDS];
	uint64_t look_end; /* packets without route looked at in the time until then: upcall.c */
	uint32_t looks;    /* left of them */
	uint32_t regulars[DP_PUNT_CLASSES]; /* regular sources */
	/* A bit for each value of police_bit that some regular has: a flood of invented sources is told from
	 * them by two cache lines, which stay in the first cache. */
	uint64_t maybe[REGULAR_BITS / 64];
	uint64_t hash[SOURCE_SETS][SOURCE_WAYS]; /* 0: unused */
	struct source source[SOURCE_SETS][SOURCE_WAYS];
};

struct police {
	struct police_port ports[RTE_MAX_ETHPORTS];
};

void police_port_renew(struct police_port *pp, const struct fwd_police *conf);

/* The worker's buckets for a port, made for the settings in force. */
static inline struct police_port *police_port(struct worker *w, uint16_t port)
{
	struct police_port *pp = &w->police->ports[port];

	pp->conf = atomic_load_explicit(&w->t->police[port], memory_order_acquire);
	if (unlikely(pp->gen != pp->conf->gen))
		police_port_renew(pp, pp->conf);
	return pp;
}

/* Known to have no token at time now. */
static inline bool police_dry(const struct police_port *pp, unsigned kind, uint64_t now)
{
	return now < pp->dry_until[kind];
}

/* No packet of this class can get a token at time now, whoever sends it: it need not be asked who. */
static inline bool police_closed(const struct police_port *pp, enum dp_punt_class cls, uint64_t now)
{
	return police_dry(pp, cls, now) && !pp->regulars[cls];
}

/* Where the source address of a packet, which begins with its IP header, may be read. */
static inline bool police_has_source(const struct pkt *p)
{
	return p->m->data_len >= (p->family == IP_V4 ? IP4_LEN : IP6_LEN);
}

/* Half of the hash of a packet's source on its interface (source_hash makes the whole). */
static inline uint64_t police_half_hash(
	const uint64_t seed[4], enum dp_punt_class cls, const struct pkt *p)
{
	const uint8_t *h = rte_pktmbuf_mtod(p->m, const uint8_t *);
	uint64_t who = (uint64_t)p->family << 32 | (uint64_t)cls << 16 | p->iif;
	uint64_t a = likely(p->family == IP_V4) ? load32(h + IP4_SRC)
						: load64(h + IP6_SRC) ^ load64(h + IP6_SRC + 8);

	return mfib_mix(who ^ seed[2], a ^ seed[0]);
}

/* The bit of maybe for a source with this half of a hash. */
static inline unsigned police_bit(uint64_t half)
{
	return (unsigned)(half >> 16) % REGULAR_BITS;
}

/* False: no regular has this bit. */
static inline bool police_maybe(const struct police_port *pp, unsigned bit)
{
	return pp->maybe[bit / 64] >> bit % 64 & 1;
}

/* Takes a token; false if there is none. Counts what was refused. */
bool police_take(struct police_port *pp, unsigned kind, uint64_t now);
/* Takes a token for a packet of this class, the source's own or a common one; false if there is none. */
bool police_packet(struct police_port *pp, const uint64_t seed[4], enum dp_punt_class cls,
	const struct pkt *p, uint64_t now);

/* Control's side. The settings in force before anybody sets them: upcalls at upcall_rate. -ENOMEM. */
int police_init(struct dataplane *d);
void police_fini(struct dataplane *d);
int police_set(struct dataplane *d, uint16_t port, const struct dp_police *police);
int police_info(struct dataplane *d, uint16_t port, struct dp_police_info *info);
void police_clear(struct dataplane *d); /* counters */
