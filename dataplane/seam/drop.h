/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Why a packet, or one copy of it, was not sent: one named counter each.
 * The first word is the counter's name in `show drop`, the JSON and the man page.
 */
#pragma once

#define DROP_REASONS(X)                                                                          \
	/* Ethernet */                                                                           \
	X(eth_truncated, "frame shorter than its Ethernet or VLAN header")                       \
	X(vlan_unknown, "no interface for this port and VLAN")                                   \
	X(eth_not_ours, "unicast frame for another MAC")                                         \
	X(eth_type, "no protocol for this EtherType and no twin to give it to")                  \
	/* IPv4 and IPv6 headers */                                                              \
	X(ip_truncated, "IP header cut short")                                                   \
	X(ip_version, "IP version does not match the EtherType")                                 \
	X(ip_ihl, "IPv4 header length below 20 or beyond the packet")                            \
	X(ip_length, "IP total length below the header or beyond the packet")                    \
	X(ip_checksum, "IPv4 header checksum wrong")                                             \
	X(ip_ttl_zero, "received with TTL 0")                                                    \
	X(src_martian, "source in 0.0.0.0/8, 240.0.0.0/4 or unspecified")                        \
	X(src_multicast, "source is a multicast address")                                        \
	X(src_loopback, "source in 127.0.0.0/8 or ::1")                                          \
	X(src_link_local, "source in fe80::/10, whose data no router forwards")                  \
	X(dst_martian, "destination in 0.0.0.0/8, 127.0.0.0/8, ::, ::1 or a reserved group")     \
	X(group_link_local, "data for a link-local group: never routed, and no twin wants it")   \
	X(option_source_route, "IPv4 source route option")                                       \
	X(ip_option, "IPv4 option malformed")                                                    \
	/* GRE (RFC 2784, RFC 2890) */                                                           \
	X(gre_truncated, "GRE header cut short")                                                 \
	X(gre_version, "GRE version other than 0")                                               \
	X(gre_routing, "GRE routing present or reserved bits 0-5 set (RFC 2784 2.3)")            \
	X(gre_checksum, "GRE checksum wrong")                                                    \
	X(gre_fragment, "fragment of a GRE packet: tunnels are not reassembled")                 \
	X(gre_unknown, "no GRE interface for these endpoints and key")                           \
	X(gre_protocol, "GRE payload is neither IPv4 nor IPv6")                                  \
	X(gre_recursion, "GRE inside GRE")                                                       \
	X(gre_inner, "packet inside GRE truncated or malformed")                                 \
	X(gre_congested, "tunnel met congestion, the packet inside knows no ECN (RFC 6040 4.2)") \
	/* PIM Registers with data to addresses of ours (RFC 7761 4.4.2, 4.9.3) */               \
	X(register_fragment, "fragment of a PIM message to an address of ours: not reassembled") \
	X(register_short, "Register shorter than its own header")                                \
	X(register_checksum, "Register checksum wrong")                                          \
	X(register_inner, "packet inside a Register malformed, or no data that is routed")       \
	X(register_congested, "Register met congestion, the packet inside knows no ECN")         \
	X(register_refused, "no route for it takes Registers")                                   \
	/* forwarding */                                                                         \
	X(if_down, "input interface administratively down")                                      \
	X(ttl_expired, "TTL 1: not forwarded")                                                   \
	X(no_route, "no route for this source and group")                                        \
	X(hold_full, "flow without route: no room left to hold its packets")                     \
	X(hold_expired, "held, but control did not answer in time")                              \
	X(wrong_if, "arrived on another interface than the route's input")                       \
	X(duplicate, "the other path of a route that moves brings it, too: forwarded once")      \
	X(route_drop, "the route drops it silently: an excepted source")                         \
	X(no_output, "route has no output")                                                      \
	X(only_input, "the only output is the input interface")                                  \
	/* one copy */                                                                           \
	X(oif_input, "copy would leave on the interface it came from")                           \
	X(oif_ttl_threshold, "TTL not above the output's threshold")                             \
	X(oif_down, "output interface down")                                                     \
	X(oif_unresolved, "next hop of the output not resolved")                                 \
	X(oif_mtu, "larger than the output MTU")                                                 \
	X(oif_recursion, "tunnel output leads into a tunnel, Register into one or back to us")   \
	X(oif_kernel, "output through the kernel failed")                                        \
	X(no_mbuf, "buffer pool empty")                                                          \
	X(tx_full, "TX queue full")                                                              \
	X(tx_no_port, "output port gone")                                                        \
	X(handoff_full, "ring to the owner of the TX queue full")                                \
	/* towards control */                                                                    \
	X(no_twin, "for the kernel, but the interface has no twin")                              \
	X(punt_full, "ring to the control lcore full")                                           \
	X(punt_policed, "token bucket of this class empty")                                      \
	X(punt_cut, "longer than the control lcore's buffer: the rest was cut off")              \
	X(twin_full, "the kernel did not take the packet")                                       \
	X(proto_disabled, "protocol packet on an interface that does not run the protocol")      \
	X(inject_echo, "packet from a twin for which the interface cannot send")

enum drop_reason {
#define DROP_ENUM(name, text) DROP_##name,
	DROP_REASONS(DROP_ENUM)
#undef DROP_ENUM
		DROP_COUNT
};

/* The counter's name, "ip_checksum"; the sentence behind it. Never NULL for reason < DROP_COUNT. */
const char *drop_name(enum drop_reason reason);
const char *drop_text(enum drop_reason reason);
