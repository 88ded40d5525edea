/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Why a PIM message, or one entry of it, was not taken: one named counter each. The first word is the
 * counter's name in `show pim statistics`, the JSON and the man page.
 */
#pragma once

#define PIM_DROPS(X)                                                                          \
	/* IP header */                                                                       \
	X(ip_header, "IP header malformed, or the packet is no PIM")                          \
	X(ip_fragment, "fragment of a PIM message")                                           \
	X(ip_source, "sent by an address that no router can have")                            \
	X(ttl, "link-local message with a TTL other than 1")                                  \
	X(destination, "sent to an address that this type of message is not sent to")         \
	/* PIM header */                                                                      \
	X(truncated, "shorter than the message's header")                                     \
	X(version, "PIM version other than 2")                                                \
	X(type_unknown, "message type that is not assigned")                                  \
	X(type_unhandled, "message type that sparse mode does not take")                      \
	X(checksum, "checksum wrong")                                                         \
	/* encoded addresses (RFC 7761 4.9.1) */                                              \
	X(addr_truncated, "ends within an address, or claims more addresses than it has")     \
	X(addr_family, "address family that is not the packet's")                             \
	X(addr_encoding, "encoding type of an address unknown")                               \
	X(mask_len, "mask length beyond the address, or not that of a single source")         \
	X(group, "group address is not multicast")                                            \
	X(upstream, "upstream neighbour is no unicast address")                               \
	/* entries that are passed over, while the rest of the message holds */               \
	X(entry_family, "entry of another address family")                                    \
	X(entry_group, "group set for a range, for bidirectional PIM or of link-local scope") \
	X(entry_source, "source entry with an address that no sender can have")               \
	X(entry_flags, "source entry with WC bit but without RPT bit")                        \
	/* Hello */                                                                           \
	X(option_truncated, "Hello option longer than the message")                           \
	X(option_length, "Hello option with a length that is not its own")                    \
	X(secondary_limit, "more secondary addresses than are kept: the rest passed over")    \
	X(neighbor_denied, "refused by the interface's neighbour access list")                \
	X(neighbor_limit, "more neighbours than the interface may have")                      \
	/* the interface and the sender */                                                    \
	X(if_disabled, "on an interface that does not run PIM")                               \
	X(if_passive, "on a passive interface")                                               \
	X(own, "sent by one of our own addresses")                                            \
	X(no_neighbor, "from a router that has not sent a Hello")                             \
	/* Register */                                                                        \
	X(register_inner, "packet inside a Register malformed")                               \
	X(register_inner_checksum, "header checksum inside a Register wrong")                 \
	X(register_inner_addr, "packet inside a Register is not from a sender to a group")    \
	/* Assert */                                                                          \
	X(assert_source, "Assert(S,G) without a source")                                      \
	/* the trees */                                                                       \
	X(rp_mismatch, "Join(*,G) for another RP than ours, or for a group without RP")       \
	X(ssm_entry, "(*,G) or (S,G,rpt) entry in the SSM range")                             \
	X(limit_states, "asks for more than limits.states")                                   \
	X(limit_neighbor, "its neighbour asks for more than limits.per_neighbor")             \
	X(limit_source, "asks for more groups of one source than limits.per_source")          \
	X(boundary, "about a group that a boundary of the interface keeps out")               \
	X(register_not_rp, "Register of a group whose RP is not the address it was sent to")  \
	X(register_denied, "Register of a source and group that the rules refuse")            \
	X(register_stop_not_rp, "Register-Stop from another router than the RP")              \
	X(register_stop_unknown, "Register-Stop about a source that is not registered")       \
	/* everything */                                                                      \
	X(no_memory, "no memory to keep what it says")

enum pim_drop {
	PIM_OK, /* taken */
#define PIM_DROP_ENUM(name, text) PIM_DROP_##name,
	PIM_DROPS(PIM_DROP_ENUM)
#undef PIM_DROP_ENUM
		PIM_DROP_COUNT
};

/* The counter's name, "checksum"; the sentence behind it. Never NULL for reason < PIM_DROP_COUNT. */
const char *pim_drop_name(enum pim_drop reason);
const char *pim_drop_text(enum pim_drop reason);
