/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The seam: everything control can ask of a data plane and everything it hears from it.
 * Values and integer ids cross it, never pointers that either side keeps. The DPDK data plane
 * implements it, and so do the recording one of the unit tests and the simulator's model.
 *
 * Ids of interfaces, adjacencies, oifs and lists are small integers from 1; 0 is "none". Control
 * chooses interface, adjacency and oif ids; the data plane chooses list ids.
 *
 * All functions are called by the control lcore only, never block on a worker and return 0 or
 * -errno. Whatever they replace or delete, workers go on reading until they have all passed a
 * quiescent point; the data plane frees it after that, by itself.
 */
#pragma once

#include "addr.h"
#include "drop.h"

#include <stdbool.h>
#include <stddef.h>

#define DP_IFS_MAX 4096   /* interface ids 1 .. DP_IFS_MAX-1 */
#define DP_IF_NAMELEN 16  /* as in Linux, with the final NUL */
#define DP_TABLE_MAIN 0   /* the routing table of whatever does not name another one */
#define DP_IF_ANY 0xffffu /* route input: accept from every interface */
#define DP_IF_REGISTER \
	0xfffeu /* route input: what comes inside PIM Registers to our addresses;
				* DP_IF_ANY does not stand for it */

/* --- interfaces ------------------------------------------------------------------------------ */

enum dp_if_kind { DP_IF_ETHER, DP_IF_GRE, DP_IF_LOOPBACK };

/* Which protocol packets go to control by ring, per interface (bits of dp_if.proto). What is not
 * set goes to the twin like all else that is for the kernel. */
enum dp_proto_bit {
	DP_PROTO_IGMP = 1 << 0,
	DP_PROTO_PIM = 1 << 1,
	DP_PROTO_MLD = 1 << 2,
	DP_PROTO_AMT = 1 << 3,
	/* PIM packets to a unicast address of ours (Register, Register-Stop): they come wherever the route to it
	 * leads, so this stands on all interfaces while PIM runs anywhere. DP_PROTO_PIM includes it. */
	DP_PROTO_PIM_UNICAST = 1 << 4,
};

struct dp_gre {
	struct ipaddr local, remote; /* outer addresses, same family */
	uint32_t key;
	uint8_t has_key;  /* key present on the wire, RFC 2890; a keyed tunnel takes only its key */
	uint8_t checksum; /* send with checksum; accepted either way */
	uint8_t ttl;      /* outer TTL, 1..255; 0: that of the packet inside */
	uint8_t dscp;     /* outer DSCP, 0..63, ignored if dscp_inherit; ECN follows RFC 6040 */
	uint8_t dscp_inherit;
	uint8_t decap_dscp_copy; /* what is received takes the outer DSCP (RFC 2983: uniform) */
	uint32_t adj;            /* how to reach remote; 0: unresolved */
};

struct dp_if {
	uint16_t id;
	uint8_t kind;  /* enum dp_if_kind */
	uint8_t up;    /* administratively up and link up: forwards */
	uint8_t twin;  /* has a twin: exception packets go to control; else dropped as no_twin */
	uint8_t proto; /* DP_PROTO_* bits */
	uint16_t port; /* DPDK port id, DP_IF_ETHER only */
	uint16_t vlan; /* VLAN id 1..4094 of the outer or only tag, 0 untagged */
	uint16_t vlan_inner; /* of the tag behind it (TPID 0x8100), 0 none */
	uint16_t vlan_tpid;  /* of the outer tag: 0x8100, 0x88a8 or 0x9100; 0: 0x8100, of two
			      * 0x88a8 */
	uint16_t mtu;        /* largest IP packet, bytes */
	uint8_t mac[6];      /* DP_IF_ETHER only */
	uint16_t table;      /* in which what comes in here is looked up; outputs have none */
	struct dp_gre gre;   /* DP_IF_GRE only */
};

/* One of the router's own unicast addresses: of any interface, also of a loopback or one that is down. */
struct dp_local {
	struct ipaddr addr;
	uint16_t table; /* of the interfaces on which it is the router's */
};

#define DP_LOCALS_MAX (1u << 20)

/* --- adjacencies: the last step to the wire ----------------------------------------------------- */

enum dp_adj_kind {
	DP_ADJ_UNRESOLVED, /* drop as oif_unresolved */
	DP_ADJ_ETHER,      /* unicast next hop with this MAC on this interface */
	DP_ADJ_IF,         /* interface itself: group MAC on Ethernet, encapsulation on a tunnel.
			    * As that of a tunnel itself: drop as oif_recursion */
	DP_ADJ_KERNEL,     /* through the twin of this interface into the kernel (reserved) */
};

struct dp_adj {
	uint32_t id;
	uint8_t kind; /* enum dp_adj_kind */
	uint8_t mac[6];
	uint16_t ifid;
};

/* What unicast oifs do to the packet. */
enum dp_encap {
	DP_ENCAP_HER,      /* the destination is replaced */
	DP_ENCAP_REGISTER, /* it is put into a PIM Register (RFC 7761 4.9.3) from her_src to her_dst,
			    * whose checksum covers 8 bytes; her_ttl is the outer TTL, her_dscp the
			    * outer DSCP if set, her_port unused. her_dst of this router, and packets
			    * out of a Register: drop as oif_recursion */
};

/* --- oifs: an output interface and what is done to the copy --------------------------------------- */

struct dp_oif {
	uint32_t id;
	uint16_t ifid;         /* where it is counted, its TTL threshold, "is it the input" */
	uint8_t ttl_threshold; /* forward only if the received TTL is above it; 0: no limit.
				* As in Linux: "ttl > threshold". */
	uint8_t allow_input;   /* may leave on the interface it came in (HER on one LAN) */
	uint8_t encap;         /* enum dp_encap */
	/* HER, Register; dst.family IP_NONE: native multicast */
	struct ipaddr her_dst;
	struct ipaddr her_src; /* new source; IP_NONE: keep the original (preserve_source) */
	uint16_t her_port;     /* new UDP destination port, host order; 0: keep */
	uint8_t her_ttl;       /* new TTL, 1..255; 64 unless configured */
	uint8_t her_set_dscp;  /* her_dscp is the new DSCP, 0..63; else the packet's stays */
	uint8_t her_dscp;
	uint32_t adj; /* HER: adjacency of the next hop, 0 while egress or source address is
				* unknown: dropped as oif_unresolved (ifid may be 0 then).
				* Native: 0, ifid says it all */
};

/* --- routes ------------------------------------------------------------------------------------- */

/* Both prefixes have the family of the route. (*,G) has a source of length 0. The longest group
 * wins, then the longest source. */
struct dp_route_key {
	uint16_t table;
	uint16_t pad;
	struct prefix src, grp;
};

enum dp_input_flag {
	DP_INPUT_ACCEPT = 1 << 0, /* forward what arrives here */
	DP_INPUT_SIGNAL = 1 << 1, /* tell control (DP_UPCALL_DATA) while packets arrive here */
	DP_INPUT_DROP = 1 << 2,   /* drop silently: no WRONGVIF; counted as route_drop */
};

/* DP_ROLE_NEXT: the route moves to this input, make before break. What comes by it and by the primary input with
 * ACCEPT is forwarded once, whichever path is faster: packets are told by their bytes, TTL and checksums left out.
 * Packets of the primary input are accepted until both are seen to bring the same ones, or it falls silent, then
 * those of the next one; what only the other one brings after that is not lost either. Both have ACCEPT; with SIGNAL
 * DP_UPCALL_DATA comes when the primary input is needed no more. One of them a route. Without a primary input that
 * accepts, the two paths come in by this one interface, and are told by the sender's MAC: where there is none (a
 * tunnel), or only one of the two sends, that upcall never comes. */
enum dp_input_role { DP_ROLE_PRIMARY, DP_ROLE_BACKUP, DP_ROLE_MERGE, DP_ROLE_NEXT };

#define DP_MOVE_MS 1000 /* the longest delay between the two paths that DP_ROLE_NEXT bridges */

struct dp_input {
	uint16_t ifid; /* or DP_IF_ANY, DP_IF_REGISTER */
	uint8_t flags; /* DP_INPUT_* */
	uint8_t role;  /* enum dp_input_role; primary or next for now */
};

#define DP_INPUTS_MAX 16

struct dp_route {
	struct dp_route_key key;
	uint8_t n_inputs;
	struct dp_input inputs[DP_INPUTS_MAX];
	uint32_t list; /* oif list; 0: no output */
};

struct dp_route_counters {
	uint64_t packets, bytes; /* accepted from an input, bytes of IP */
	uint64_t wrong_if;       /* arrived elsewhere */
	uint64_t dropped;        /* accepted, but TTL expired or no output took it */
	uint64_t
		last_used_ms; /* age: milliseconds since the last accepted packet; UINT64_MAX never */
};

struct dp_oif_counters {
	uint64_t packets, bytes; /* copies given to the port, IP bytes after rewriting */
	uint64_t dropped;
};

struct dp_if_counters {
	uint64_t rx_packets, rx_bytes; /* all IP packets in, decapsulated ones on the tunnel */
	uint64_t rx_mcast;             /* of them: multicast data */
	uint64_t rx_dropped;
	uint64_t tx_packets, tx_bytes; /* out, by workers and from the twin */
	uint64_t tx_dropped;
	uint64_t tx_fragmented; /* packets that left in pieces, which tx_packets counts */
	uint64_t punted;        /* to control: twin and protocols */
	uint64_t injected;      /* from the twin and protocols */
};

/* --- messages up ---------------------------------------------------------------------------------- */

enum dp_upcall_kind {
	DP_UPCALL_NOCACHE,  /* no route; src, grp of the packet, ifid where it came in */
	DP_UPCALL_WRONGVIF, /* route exists, packet came on ifid, which it does not accept */
	DP_UPCALL_DATA,     /* first packet/keepalive on an input with DP_INPUT_SIGNAL */
	DP_UPCALL_REGISTER, /* a PIM Register with data to one of our addresses on an interface with
			     * DP_PROTO_PIM or DP_PROTO_PIM_UNICAST, ifid; src, grp, len of the packet inside, which was
			     * forwarded if its route accepts DP_IF_REGISTER, else held until the
			     * verdict, after which it is forwarded or dropped as register_refused. One
			     * outstanding for each (outer_src, outer_dst, src, grp) */
	DP_UPCALL_KINDS
};

/* Control's answer to an upcall. */
enum dp_verdict {
	DP_VERDICT_RELEASE, /* dealt with: packets held go on; the flow may signal again, a Register a
			     * tenth of a second after the last */
	DP_VERDICT_DISCARD, /* nobody wants the flow: packets held are dropped as no_route; it does not
			     * signal again for some seconds */
};

struct dp_upcall {
	uint8_t kind; /* enum dp_upcall_kind */
	uint8_t pad;
	uint16_t table;
	uint16_t ifid;
	uint16_t len; /* bytes of the IP packet that caused it */
	struct ipaddr src, grp;
	struct ipaddr outer_src, outer_dst; /* DP_UPCALL_REGISTER: of the Register */
	uint8_t border;                     /* likewise: its B bit (RFC 7761 4.9.3) */
};

/* Packets that workers hand to control, with their class: each class has rings and buckets of its
 * own, and a full one never costs another class a packet. */
#define PUNT_CLASSES(X)                                                                     \
	X(hello, "what neighbours live by: PIM Hellos, IGMP and MLD queries: an IP packet") \
	X(proto, "other IGMP, PIM, MLD, AMT for our protocols: an IP packet")               \
	X(neigh, "ARP and IPv6 neighbour discovery for the kernel's twin, like exception")  \
	X(exception,                                                                        \
		"for the kernel's twin: a frame on Ethernet (untagged), an IP packet on a tunnel")

enum dp_punt_class {
#define PUNT_ENUM(name, text) DP_PUNT_##name,
	PUNT_CLASSES(PUNT_ENUM)
#undef PUNT_ENUM
		DP_PUNT_CLASSES
};

struct dp_packet {
	uint8_t cls;    /* enum dp_punt_class */
	uint8_t family; /* of the IP header; 0 for ARP and other non-IP frames */
	uint16_t ifid;
	uint32_t len; /* bytes stored in the caller's buffer */
};

enum dp_send_kind {
	DP_SEND_FRAME, /* complete Ethernet frame without VLAN tag, from a TAP; Ethernet only */
	DP_SEND_IP, /* IP packet: to a group on Ethernet (MAC from the group), or into a tunnel */
};

/* --- policers: how much of what a port may bring before control is asked to look at it ------------ */

/* What has a token bucket of its own for each port, in each worker that serves the port: the punt
 * classes, then the kinds of upcalls. */
#define DP_POLICE_UPCALL(kind) (DP_PUNT_CLASSES + (kind))
#define DP_POLICE_KINDS DP_POLICE_UPCALL(DP_UPCALL_KINDS)
#define DP_PORT_ANY 0xffffu

/* "hello", "proto", ..., "nocache", "wrongvif", "data", "register"; never NULL for kind < DP_POLICE_KINDS. */
const char *dp_police_name(unsigned kind);

struct dp_rate {
	uint32_t rate;  /* packets or signals a second; 0: no limit */
	uint32_t burst; /* at once; 0: as many as rate */
};

struct dp_police {
	struct dp_rate kind[DP_POLICE_KINDS];
	/* What a regular source of classes hello and proto may send whatever others do: a bucket for
	 * each class beside the common one. rate 0: sources have none. */
	struct dp_rate source;
	uint32_t regular_ms; /* a source heard for so long, without a gap of minutes, is regular */
};

struct dp_police_counters {
	uint64_t passed;    /* handed to control, by either bucket */
	uint64_t by_source; /* of them: by the source's own bucket */
	uint64_t policed;   /* dropped (packets), not sent (signals): no token */
	uint64_t lost;      /* token taken, but the ring was full */
};

struct dp_police_info {
	struct dp_police police;
	struct dp_police_counters kind[DP_POLICE_KINDS];
	uint32_t regulars; /* regular sources, by class, over all workers */
};

/* --- workers and memory ------------------------------------------------------------------------------ */

enum dp_stage {
	DP_STAGE_RX,
	DP_STAGE_CLASSIFY,
	DP_STAGE_DECAP,
	DP_STAGE_LOOKUP,
	DP_STAGE_REPLICATE,
	DP_STAGE_REWRITE,
	DP_STAGE_TX,
	DP_STAGES
};

struct dp_worker_info {
	uint32_t lcore; /* EAL lcore id */
	int32_t cpu;    /* CPU it last ran on */
	uint8_t shared; /* runs on the control lcore */
	uint8_t running;
	uint64_t rounds, busy_rounds, sleeps;
	uint64_t rx_packets, tx_packets;
	/* TSC cycles in each stage on rounds with packets, estimated from samples */
	uint64_t cycles[DP_STAGES];
	uint64_t packets[DP_STAGES]; /* packets (copies from replicate on) each stage handled */
	uint64_t drops[DROP_COUNT];
	uint64_t upcalls[DP_UPCALL_KINDS];       /* sent */
	uint64_t upcalls_gated[DP_UPCALL_KINDS]; /* suppressed: one already outstanding */
	uint64_t upcalls_policed[DP_UPCALL_KINDS];
	uint64_t upcalls_lost[DP_UPCALL_KINDS]; /* ring full */
	uint64_t hold_kept, hold_released;      /* packets; dropped ones are among drops */
	/* PIM Registers with data: sound ones for us, also where their route refuses them; sent ones, pieces
	 * counted each */
	uint64_t registers_received, registers_sent;
};

/* What is kept of flows without route until control answers their DP_UPCALL_NOCACHE. */
struct dp_hold_info {
	uint32_t packets, flows, time_ms; /* limits: of a flow, a worker, of a flow's stay */
	uint32_t buffers;                 /* limit a worker */
	uint8_t on;                       /* hold_enable */
	/* now, over all workers; as they were a moment ago */
	uint32_t flows_held, buffers_held;
};

struct dp_memory_info {
	uint64_t mbufs_total, mbufs_in_use;
	uint64_t mbuf_bytes;                      /* per buffer */
	uint64_t small_total, small_in_use;       /* small buffers, for copies of short packets */
	uint64_t small_bytes;                     /* per small buffer */
	uint64_t routes, routes_max, route_bytes; /* bytes: table, entries, counters: resident */
	uint64_t lists, list_members, list_bytes;
	uint64_t oifs, adjs, ifs;
	uint64_t retired;    /* objects that wait for a grace period */
	uint64_t page_bytes; /* of the memory that holds buffers and tables of DPDK's; 0 unknown */
	uint64_t heap_bytes, heap_used_bytes; /* of that memory */
	bool hugepages;
};

struct dp_probe;        /* seam/probe.h */
struct dp_probe_record; /* likewise */
struct dp_probe_info;   /* likewise */

/* --- the contract ----------------------------------------------------------------------------------- */

struct dp_ops {
	/* Creates or replaces by id. -ENOSPC: id out of range; -EINVAL: names a port or kind that
	 * cannot be; -EEXIST: (port, vlan, vlan_inner) or (local, remote, key) belongs to another interface. */
	int (*if_set)(void *dp, const struct dp_if *ifp);
	int (*if_del)(void *dp, uint16_t ifid);
	/* Replaces the set of the router's own addresses, empty at first; order and duplicates do not
	 * matter. PIM, IGMP, MLD and AMT packets to a unicast address are for our protocols if it is
	 * among them, else in transit: for the twin. -ENOSPC, -EINVAL no address, -ENOMEM: then the
	 * set is as it was. */
	int (*local_set)(void *dp, const struct dp_local *v, uint32_t n);
	int (*adj_set)(void *dp, const struct dp_adj *adj);
	int (*adj_del)(void *dp, uint32_t adj);
	int (*oif_set)(void *dp, const struct dp_oif *oif);
	int (*oif_del)(void *dp, uint32_t oif);

	/* The id of the immutable list with exactly these oifs (order and duplicates do not
	 * matter), one reference added; put gives it back. Routes hold references of their own.
	 * n has no limit but memory. */
	int (*list_get)(void *dp, const uint32_t *oifs, uint32_t n, uint32_t *list);
	void (*list_put)(void *dp, uint32_t list);

	/* Creates or replaces n routes; counters survive a replacement. Each one changes at once
	 * (inputs and outputs together) for every worker. Stops at the first error: -ENOSPC table
	 * full, -EINVAL; *done (may be NULL) says how many were taken. */
	int (*route_set)(void *dp, const struct dp_route *routes, uint32_t n, uint32_t *done);
	/* -ENOENT if a key is not there (the others are deleted all the same). */
	int (*route_del)(void *dp, const struct dp_route_key *keys, uint32_t n);
	/* Mark and sweep: routes not set between begin and end are deleted at end. */
	int (*resync_begin)(void *dp);
	int (*resync_end)(void *dp);

	/* Packets and messages up: up to n records taken, the number returned. */
	uint32_t (*upcall_recv)(void *dp, struct dp_upcall *out, uint32_t n);
	/* Control has dealt with an upcall; routes that answer it are set already. */
	void (*upcall_done)(void *dp, const struct dp_upcall *up, enum dp_verdict verdict);
	/* Whether packets of flows whose route is not made yet are held: some protocol answers
	 * upcalls. Off at first. */
	void (*hold_enable)(void *dp, bool on);
	void (*hold_info)(void *dp, struct dp_hold_info *info);
	/* One packet copied into buf (cap bytes, longer ones are cut and counted): 1, or 0. */
	int (*packet_recv)(void *dp, struct dp_packet *meta, void *buf, size_t cap);
	/* Sends now or drops: -ENODEV no such interface, -ENETDOWN, -ENOBUFS, -EINVAL. */
	int (*packet_send)(
		void *dp, uint16_t ifid, enum dp_send_kind kind, const void *data, size_t len);
	/* Counts a drop that control itself decided (twin_full, proto_disabled). */
	void (*drop_count)(void *dp, uint16_t ifid, enum drop_reason reason);

	/* Policers of a DPDK port, or of all with DP_PORT_ANY; buckets start full. -EINVAL no such
	 * port number, -ENOMEM. Ports nobody has set police upcalls only. */
	int (*police_set)(void *dp, uint16_t port, const struct dp_police *police);
	/* Limits and counters; -EINVAL. */
	int (*police_info)(void *dp, uint16_t port, struct dp_police_info *info);

	/* Counters, summed over the lcores. -ENOENT. */
	int (*route_counters)(
		void *dp, const struct dp_route_key *key, struct dp_route_counters *c);
	int (*oif_counters)(void *dp, uint32_t oif, struct dp_oif_counters *c);
	int (*if_counters)(void *dp, uint16_t ifid, struct dp_if_counters *c);
	/* Worker number index (0..), -ENOENT behind the last. Drops of control itself are worker 0's. */
	int (*worker_info)(void *dp, uint32_t index, struct dp_worker_info *info);
	void (*memory_info)(void *dp, struct dp_memory_info *info);
	/* Which counters to zero: show commands then start anew. key NULL: all routes. */
	void (*clear_counters)(void *dp);

	/* Arms a probe and gives its id, 1 and up. -ENOSPC: DP_PROBES are armed; -EINVAL, -ENOMEM. */
	int (*probe_set)(void *dp, const struct dp_probe *probe, uint32_t *id);
	/* Disarms it; records that nobody took are gone. -ENOENT. */
	int (*probe_clear)(void *dp, uint32_t id);
	/* One record into rec, which has room for dp_probe_record_size(snaplen) bytes: 1, or 0. */
	int (*probe_recv)(void *dp, uint32_t id, struct dp_probe_record *rec);
	int (*probe_info)(void *dp, uint32_t id, struct dp_probe_info *info);

	/* Frees what has waited long enough; call it now and then (each loop of control). */
	void (*reclaim)(void *dp);
};

/* What control holds: the data plane's functions and its own argument. */
struct dp {
	const struct dp_ops *ops;
	void *ctx;
};
