/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * PIM on the wire: RFC 7761 section 4.9, RFC 5384 (Join attributes: read and passed over), RFC 8736
 * (flag bits and subtypes). Both address families, pure functions over bytes.
 *
 * Reading: pim_packet_open for the headers, then the open function of the type, which checks the whole
 * message before it gives anything away; the iterators over what it holds cannot fail after that. All
 * structs borrow the packet's bytes. Writing: pim_msg_begin, the body, pim_msg_end; the result is an IP
 * packet with all checksums. Left out: the bodies of Bootstrap, C-RP-Advertisement (RFC 5059) and of
 * dense mode's messages (RFC 3973).
 */
#pragma once

#include "control/base/bytes.h"
#include "control/pim/common/drops.h"
#include "dataplane/seam/addr.h"

#define PIM_IP_PROTO 103
#define PIM_VERSION 2
#define PIM_HDR_LEN 4
#define PIM_REGISTER_HDR_LEN 8
#define PIM_UNICAST_TTL 64
#define PIM_MSG_MAX 65535 /* an IP packet */

/* RFC 7761 4.9 and the registry of RFC 8736. */
enum pim_type {
	PIM_HELLO,
	PIM_REGISTER,
	PIM_REGISTER_STOP,
	PIM_JOIN_PRUNE,
	PIM_BOOTSTRAP,
	PIM_ASSERT,
	PIM_GRAFT,
	PIM_GRAFT_ACK,
	PIM_CANDIDATE_RP,
	PIM_STATE_REFRESH,
	PIM_DF_ELECTION,
	PIM_ECMP_REDIRECT,
	PIM_FLOODING, /* PFM, RFC 8364 */
	PIM_EXTENDED_13,
	PIM_EXTENDED_14,
	PIM_EXTENDED_15,
	PIM_TYPES
};

/* "hello", "join_prune" ...; never NULL for type < PIM_TYPES. */
const char *pim_type_name(enum pim_type type);

/* ALL-PIM-ROUTERS: 224.0.0.13, ff02::d. */
struct ipaddr pim_all_routers(enum ip_family family);

/* --- reading: headers ------------------------------------------------------------------------- */

struct pim_packet {
	struct ipaddr src, dst;
	uint8_t ttl;        /* hop limit */
	uint8_t type;       /* enum pim_type */
	uint8_t flags;      /* RFC 8736 flag bits 7..0 as they stand */
	uint8_t subtype;    /* flag bits 7..4 of types 10, 13, 14, 15; else 0 */
	const uint8_t *msg; /* from the PIM header on */
	size_t len;
};
/* The open functions of the types look at src, msg and len alone: {.src = *src, .msg = data, .len = len}
 * will do for a message whose headers were opened before. */

/* IP header (IPv4, or IPv6 with at most a hop-by-hop header), PIM version, type and checksum. Bytes
 * behind the IP packet's own length are cut off. src and dst are set once the IP header was sound, type
 * once there was one, also if what comes after is refused. Whether type, destination and TTL go
 * together is not asked here. */
enum pim_drop pim_packet_open(const uint8_t *ip, size_t len, struct pim_packet *p);

/* --- reading: Hello (RFC 7761 4.9.2) ------------------------------------------------------------ */

#define PIM_HOLDTIME_FOREVER 0xffffu

enum pim_hello_option {
	PIM_OPT_HOLDTIME = 1,
	PIM_OPT_LAN_PRUNE_DELAY = 2,
	PIM_OPT_DR_PRIORITY = 19,
	PIM_OPT_GENID = 20,
	PIM_OPT_ADDRESS_LIST = 24,
	PIM_OPT_JOIN_ATTRIBUTE = 26, /* RFC 5384 3.4.2 */
};

/* Bits of pim_hello.has. */
enum pim_hello_has {
	PIM_HAS_HOLDTIME = 1 << 0,
	PIM_HAS_LAN_PRUNE_DELAY = 1 << 1,
	PIM_HAS_DR_PRIORITY = 1 << 2,
	PIM_HAS_GENID = 1 << 3,
	PIM_HAS_ADDRESS_LIST = 1 << 4,
	PIM_HAS_JOIN_ATTRIBUTE = 1 << 5,
};

struct pim_hello {
	uint16_t has; /* enum pim_hello_has; what is not there is 0 */
	uint16_t holdtime_s;
	bool tracking_support; /* T bit */
	uint16_t propagation_delay_ms, override_interval_ms;
	uint32_t dr_priority;
	uint32_t genid;
	uint16_t unknown_options;
	uint16_t foreign; /* secondary addresses of another family: passed over */
	/* reading only: options from the first on, and the message's family */
	struct reader options;
	uint8_t family;
};

/* Options may come in any order; of one that comes twice the last counts, address lists add up.
 * Unknown options are passed over. */
enum pim_drop pim_hello_open(const struct pim_packet *p, struct pim_hello *h);

/* The addresses of all Address List options, those of another family left out. Zeroed memory begins. */
struct pim_hello_addrs {
	struct reader options, list;
	bool begun;
};
bool pim_hello_addr_next(const struct pim_hello *h, struct pim_hello_addrs *it, struct ipaddr *out);

/* --- reading: Join/Prune (RFC 7761 4.9.5) --------------------------------------------------------- */

enum pim_source_flag {
	PIM_SRC_R = 1 << 0, /* RPT bit */
	PIM_SRC_W = 1 << 1, /* WC bit */
	PIM_SRC_S = 1 << 2, /* Sparse bit: always set by us, ignored on receipt */
};

/* Flags of the three kinds of entries. */
#define PIM_JP_STAR_G (PIM_SRC_S | PIM_SRC_W | PIM_SRC_R)
#define PIM_JP_SG_RPT (PIM_SRC_S | PIM_SRC_R)
#define PIM_JP_SG PIM_SRC_S

/* An entry of a group set. (*,G): W and R set, addr is the RP; (S,G,rpt): R set; (S,G): neither. */
struct pim_jp_source {
	struct ipaddr addr;
	uint8_t flags; /* enum pim_source_flag */
	bool join;     /* else prune */
};

struct pim_jp {
	struct ipaddr upstream;
	uint16_t holdtime_s;
	uint8_t n_groups; /* as claimed */
	/* Entries that were passed over, and why the last one was. */
	uint32_t skipped;
	enum pim_drop skipped_why;
	/* reading only */
	struct reader rest;
	uint8_t family, groups_left;
};

struct pim_jp_group {
	struct ipaddr grp;
	uint16_t n_joins, n_prunes; /* as on the wire; with those that are passed over */
	/* reading only */
	struct reader rest;
	uint32_t at;
	uint8_t family;
};

/* Checks the whole message: if it is broken anywhere, nothing of it is to be acted on. Counts that the
 * bytes do not bear out are addr_truncated. A source whose mask length is not full breaks it, too
 * (4.9.1). Well-formed entries that mean nothing to sparse mode are passed over and counted in
 * skipped: other families (4.9.5), group ranges, bidirectional groups, link-local groups, sources that
 * are no senders, WC without RPT. */
enum pim_drop pim_jp_open(const struct pim_packet *p, struct pim_jp *jp);
/* The next group set and its entries, joins before prunes. False at the end. A second walk: on a copy of
 * the struct. */
bool pim_jp_group_next(struct pim_jp *jp, struct pim_jp_group *g);
bool pim_jp_source_next(struct pim_jp_group *g, struct pim_jp_source *s);

/* --- reading: Register, Register-Stop, Assert ------------------------------------------------------ */

struct pim_register {
	bool border, null;      /* B and N bit */
	struct ipaddr src, grp; /* of the packet inside */
	uint8_t ttl;            /* likewise; 0 of a Null-Register */
	const uint8_t *inner;   /* the packet inside, its own length */
	size_t inner_len;
};
/* Also says whether the packet inside is sound: a Null-Register's by its checksum alone (4.9.3). */
enum pim_drop pim_register_open(const struct pim_packet *p, struct pim_register *r);

struct pim_register_stop {
	struct prefix grp; /* a single group, or a range */
	struct ipaddr src; /* IP_NONE: any source */
};
enum pim_drop pim_register_stop_open(const struct pim_packet *p, struct pim_register_stop *r);

struct pim_assert {
	struct ipaddr grp;
	struct ipaddr src;           /* IP_NONE: zero on the wire, (*,G) only */
	bool rpt;                    /* RPTbit */
	uint32_t preference, metric; /* preference: 31 bits */
};
enum pim_drop pim_assert_open(const struct pim_packet *p, struct pim_assert *a);

/* --- writing ----------------------------------------------------------------------------------------- */

/* A message being written: IP header, PIM header, then the body through w. */
struct pim_msg {
	struct writer w;
	struct ipaddr src, dst;
	uint8_t type;
};

/* cap: at most so many bytes of IP packet (the MTU). dst: pim_all_routers (TTL 1) or a unicast address
 * (TTL 64). TOS 0xc0. */
void pim_msg_begin(struct pim_msg *m, void *buf, size_t cap, enum pim_type type,
	const struct ipaddr *src, const struct ipaddr *dst);
/* Lengths and checksums. The packet's length in bytes, 0 if it did not fit. */
size_t pim_msg_end(struct pim_msg *m);

/* Encoded addresses (4.9.1). flags of the group: B and Z are never set. */
void pim_write_unicast(struct writer *w, const struct ipaddr *a);
void pim_write_group(struct writer *w, const struct ipaddr *grp);
void pim_write_source(struct writer *w, const struct ipaddr *src, uint8_t flags);

/* Options from h->has; n secondary addresses of the family of src. The packet's length, or 0. */
size_t pim_hello_write(void *buf, size_t cap, const struct ipaddr *src, const struct pim_hello *h,
	const struct ipaddr *secondary, size_t n);
/* A Register around inner (an IP packet, TTL decremented already), or a Null-Register for (S,G). */
size_t pim_register_write(void *buf, size_t cap, const struct ipaddr *src, const struct ipaddr *rp,
	const uint8_t *inner, size_t inner_len);
size_t pim_null_register_write(void *buf, size_t cap, const struct ipaddr *src,
	const struct ipaddr *rp, const struct ipaddr *s, const struct ipaddr *g);
/* s: IP_NONE for any source. */
size_t pim_register_stop_write(void *buf, size_t cap, const struct ipaddr *src,
	const struct ipaddr *dst, const struct ipaddr *g, const struct ipaddr *s);
size_t pim_assert_write(
	void *buf, size_t cap, const struct ipaddr *src, const struct pim_assert *a);

/* --- writing: Join/Prune ------------------------------------------------------------------------------ */

/* All entries for one group, to be sent. Zeroed memory is an empty one. */
struct pim_jp_set {
	struct ipaddr grp;
	struct pim_jp_source *v;
	size_t n, cap;
	bool lost; /* no memory for one */
};
void pim_jp_set_begin(struct pim_jp_set *set, const struct ipaddr *grp); /* keeps the memory */
/* flags: PIM_JP_STAR_G with the RP's address, PIM_JP_SG_RPT, PIM_JP_SG. */
void pim_jp_set_add(struct pim_jp_set *set, bool join, const struct ipaddr *addr, uint8_t flags);
void pim_jp_set_fini(struct pim_jp_set *set);

/* Packs group sets for one upstream neighbour into as few messages as they need (4.9.5.2). */
struct pim_jp_builder {
	uint8_t *buf;
	size_t cap; /* bytes of IP packet at most: the MTU, or the size of buf if that is less */
	struct ipaddr src, upstream;
	uint16_t holdtime_s;
	void (*send)(void *arg, const uint8_t *ip, size_t len); /* a whole packet */
	void *arg;
	/* what came of it */
	uint32_t messages, groups, entries;
	uint32_t
		cut; /* (S,G,rpt) prunes that did not fit beside their (*,G) join and are left out */
	/* its own */
	struct pim_msg m;
	size_t n_groups_at; /* where the count stands */
	uint8_t n_groups;   /* in the message being written; 0: none begun */
};
/* Adds a group set, sending what is full. Sorts the set. A (*,G) join keeps all its (S,G,rpt) prunes in
 * the same message; if not even an empty message has room for them, the numerically smallest stay
 * (4.9.5.2). All else may be divided. A set without entries is nothing. */
void pim_jp_build(struct pim_jp_builder *b, struct pim_jp_set *set);
/* Sends what is left. The builder is as before the first set. */
void pim_jp_flush(struct pim_jp_builder *b);
