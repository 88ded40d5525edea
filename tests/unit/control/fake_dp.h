/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A data plane that only records: every table of the seam as a plain array that a test can look
 * at. It is strict: an unknown id, a list put once too often or an oif deleted while a list names
 * it fails the running test on the spot. Errors can be injected per operation.
 */
#pragma once

#include "dataplane/seam/dp.h"

#define FAKE_OIFS_MAX 65536
#define FAKE_ADJS_MAX 65536
#define FAKE_PORTS_MAX 32

enum fake_op {
	FAKE_IF_SET,
	FAKE_IF_DEL,
	FAKE_LOCAL_SET,
	FAKE_ADJ_SET,
	FAKE_ADJ_DEL,
	FAKE_OIF_SET,
	FAKE_OIF_DEL,
	FAKE_LIST_GET,
	FAKE_LIST_PUT,
	FAKE_ROUTE_SET,
	FAKE_ROUTE_DEL,
	FAKE_UPCALL_DONE,
	FAKE_PACKET_SEND,
	FAKE_DROP_COUNT,
	FAKE_OPS
};

struct fake_list {
	uint32_t id; /* 0: slot free */
	uint32_t n;
	uint32_t *oifs; /* sorted, no duplicates */
	uint32_t hash, next;
	uint32_t held;   /* references of control: list_get less list_put */
	uint32_t routes; /* references of routes */
};

struct fake_route {
	struct dp_route r;
	uint32_t hash, next;
	bool swept; /* not set since resync_begin */
	bool has_flow;
	struct dp_route_counters flow; /* what fake_dp_flow said */
};

struct fake_packet {
	struct dp_packet meta;
	uint8_t *data;
};

struct fake_sent {
	uint16_t ifid;
	enum dp_send_kind kind;
	uint8_t *data;
	size_t len;
};

struct fake_dp {
	struct dp dp; /* what control gets */

	struct dp_if ifs[DP_IFS_MAX]; /* by id; .id 0: absent */
	struct dp_local *locals;      /* local_set */
	uint32_t n_locals;
	struct dp_adj adjs[FAKE_ADJS_MAX]; /* likewise */
	struct dp_oif oifs[FAKE_OIFS_MAX];
	uint32_t oif_in_lists[FAKE_OIFS_MAX]; /* how many live lists name it */
	struct fake_list *lists;              /* by id; lists[0] unused */
	uint32_t n_lists, lists_cap;          /* live; slots */
	struct fake_route *routes;            /* packed, in no order */
	uint32_t n_routes, routes_cap;
	uint32_t *list_buckets, *route_buckets; /* slot + 1 */

	uint64_t calls[FAKE_OPS];   /* also those that failed */
	uint64_t routes_written;    /* records taken by route_set */
	uint64_t drops[DROP_COUNT]; /* drop_count */
	struct fake_sent *sent;     /* packet_send */
	size_t n_sent;
	struct dp_upcall *done;  /* upcall_done */
	enum dp_verdict verdict; /* the last one's */
	struct dp_hold_info hold;
	size_t n_done;

	struct dp_upcall *upcalls; /* waiting for upcall_recv */
	size_t n_upcalls;
	struct fake_packet *packets; /* waiting for packet_recv */
	size_t n_packets;

	struct dp_police police[FAKE_PORTS_MAX]; /* police_set */
	struct dp_police_counters policed;       /* what police_info says of every kind */

	uint32_t routes_max; /* route_set says -ENOSPC above; UINT32_MAX at first */
	uint32_t oifs_max;   /* oif_set says -ENOSPC for ids from here; FAKE_OIFS_MAX at first */
	struct {
		int err;
		uint32_t after, times;
	} fail[FAKE_OPS];
	/* called at the start of every operation: a test's look at the order of things; may be NULL */
	void (*spy)(void *arg, enum fake_op op);
	void *spy_arg;
};

struct fake_dp *fake_dp_new(void);
void fake_dp_free(struct fake_dp *f);

/* The next `times` calls of op fail with err, once `after` more have succeeded. Of route_set and
 * route_del, records count, not calls. */
void fake_dp_fail(struct fake_dp *f, enum fake_op op, int err, uint32_t after, uint32_t times);

/* The route of this key, or NULL. */
const struct dp_route *fake_dp_route(const struct fake_dp *f, const struct dp_route_key *key);
/* What route_counters says of a route that is there, until it is deleted: zeros and never used at first. */
void fake_dp_flow(
	struct fake_dp *f, const struct dp_route_key *key, const struct dp_route_counters *c);
/* The members of a route's list in order of id, their number returned; 0 without list. */
uint32_t fake_dp_route_oifs(
	const struct fake_dp *f, const struct dp_route *r, const uint32_t **oifs);
/* Whether one of the route's native outputs is ifid. */
bool fake_dp_route_has_if(const struct fake_dp *f, const struct dp_route *r, uint16_t ifid);
/* The route's HER output towards dst, or NULL. */
const struct dp_oif *fake_dp_route_her(
	const struct fake_dp *f, const struct dp_route *r, const struct ipaddr *dst);
/* Whether addr was among those of the last local_set, in the main table. */
bool fake_dp_is_local(const struct fake_dp *f, const struct ipaddr *addr);
uint32_t fake_dp_count_oifs(const struct fake_dp *f);
uint32_t fake_dp_count_adjs(const struct fake_dp *f);

/* Queues for upcall_recv and packet_recv. Data is copied. */
void fake_dp_upcall(struct fake_dp *f, const struct dp_upcall *up);
void fake_dp_packet(struct fake_dp *f, enum dp_punt_class cls, uint8_t family, uint16_t ifid,
	const void *data, size_t len);
/* Forgets calls, sent packets and written routes; tables stay. */
void fake_dp_forget(struct fake_dp *f);
