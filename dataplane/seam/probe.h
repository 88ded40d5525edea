/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Probes: what happens to the packets of a flow, step by step, as records. A probe is armed with a flow
 * and a number of packets; workers then write records of each packet that matches: what it was when it
 * came in and what was decided (PACKET), one for each output (COPY, NO_COPY), what became of a copy at
 * its port if it was not sent (TX), and END. Records of a packet have its worker and number and come in
 * this order, those of different packets may be mixed. Forwarding does not change.
 */
#pragma once

#include "dp.h"

#define DP_PROBES 4          /* armed at the same time */
#define DP_PROBE_SNAP_MIN 64 /* bytes kept of a frame: at least and at most */
#define DP_PROBE_SNAP_MAX 9728
#define DP_PROBE_OUTPUTS 256 /* outputs of one packet that get records */

enum dp_probe_what {
	DP_PROBE_INPUT = 1 << 0,  /* bytes of the frame as it came in */
	DP_PROBE_OUTPUT = 1 << 1, /* records of the outputs */
};

struct dp_probe {
	struct prefix src, grp; /* family IP_NONE: any source, any group */
	uint16_t ifid;    /* bytes and outputs of this interface (or tunnel) only; 0: of all */
	uint16_t snaplen; /* bytes kept of each frame */
	uint8_t what;     /* DP_PROBE_INPUT, DP_PROBE_OUTPUT */
	uint32_t packets; /* so many are taken, 0: no limit */
};

struct dp_probe_info {
	uint64_t packets; /* taken */
	uint64_t lost;    /* packets and outputs without a record: ring full, or too many a round */
};

enum dp_probe_kind { DP_PROBE_PACKET, DP_PROBE_COPY, DP_PROBE_NO_COPY, DP_PROBE_TX, DP_PROBE_END };

enum dp_probe_fate { /* of classify and of everything up to replication */
	DP_FATE_FORWARD,
	DP_FATE_DECAP,
	DP_FATE_PROTOCOL,
	DP_FATE_KERNEL,
	DP_FATE_HELD, /* until control has a route */
	DP_FATE_DROP,
	DP_FATE_REGISTER, /* behind classify only: a PIM Register, like DECAP */
};

struct dp_probe_packet {
	uint16_t port, queue;
	uint16_t outer_ifid; /* that classify found, 0 none */
	uint8_t classified;  /* enum dp_probe_fate behind classify */
	uint8_t verdict;     /* in the end; with DROP: reason */
	uint8_t reason;      /* enum drop_reason, else DROP_COUNT */
	uint8_t decaps;      /* tunnels and Registers removed */
	uint8_t released;    /* was held, has been told as HELD, and goes on now: without bytes */
	uint8_t family, ttl; /* of the packet that was looked up; 0 unknown */
	uint16_t ifid;       /* input: the tunnel after decapsulation, DP_IF_REGISTER */
	uint16_t ip_len;     /* bytes of the IP packet */
	uint8_t has_route;   /* then: */
	uint8_t n_inputs;    /* of inputs */
	uint32_t list;       /* oif list, 0: no output */
	uint32_t n_outputs;  /* its length */
	struct dp_route_key key;
	struct dp_input inputs[DP_INPUTS_MAX];
};

/* An output of the packet. */
struct dp_probe_output {
	uint32_t index; /* 0.. in the order of records: what TX refers to */
	uint32_t oif;
	uint16_t ifid;     /* of the oif; 0 unknown */
	uint16_t tunnel;   /* that wraps the copy, 0 none */
	uint16_t out_ifid; /* Ethernet interface it leaves on, 0 none */
	uint16_t port, queue;
	uint16_t owner;        /* worker that sends it: queues have one owner */
	uint8_t reason;        /* NO_COPY, TX: enum drop_reason; COPY: DROP_COUNT */
	uint8_t fragment;      /* 0: whole; 1.. number of the piece of a copy that was cut */
	uint8_t shared;        /* the buffer is shared with other copies: same bytes */
	uint8_t ttl_threshold; /* of the oif */
	uint8_t encap;         /* enum dp_encap: of unicast */
	struct ipaddr unicast; /* HER destination, the RP of a Register */
};

struct dp_probe_end {
	uint32_t outputs; /* recorded or not */
	uint32_t copies;  /* of them: handed to tx */
	uint32_t lost;    /* outputs without record */
	uint8_t reason;   /* of a drop after the PACKET record (no_mbuf), else DROP_COUNT */
};

struct dp_probe_record {
	uint8_t kind; /* enum dp_probe_kind */
	uint8_t pad;
	uint16_t worker;
	uint32_t number;    /* of the packet at this worker */
	uint64_t time_ns;   /* CLOCK_REALTIME */
	uint32_t frame_len; /* bytes of the frame; with PACKET, COPY */
	uint32_t n_bytes;   /* of bytes */
	union {
		struct dp_probe_packet packet;
		struct dp_probe_output output; /* COPY, NO_COPY, TX */
		struct dp_probe_end end;
	};
	uint8_t bytes[]; /* PACKET, COPY: the frame's first ones */
};

/* Bytes of the longest record with this snaplen. */
static inline size_t dp_probe_record_size(uint16_t snaplen)
{
	return (sizeof(struct dp_probe_record) + snaplen + 7) & ~(size_t)7;
}
