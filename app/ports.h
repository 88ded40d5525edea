/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ethernet devices: made, configured, started, watched and given up again while the router runs,
 * from the configuration and drivers-cfg. DPDK appears in app only here, in main.c and in the terminal.
 */
#pragma once

#include "app/conf/conf.h"
#include "dataplane/flow.h"

struct app;
struct ports;

struct port_stats {
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_nombuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

enum port_state {
	PORT_ABSENT, /* device not there (yet): tried again when it appears */
	PORT_UP,
	PORT_DOWN, /* no carrier */
};

struct port_info {
	char name[CONF_NAMELEN];
	char device[256];
	char driver[32];   /* DPDK driver name */
	char netdev[32];   /* kernel netdev beneath (af_packet, af_xdp), or "" */
	char problem[256]; /* absent: why, and what to do */
	uint8_t state;     /* enum port_state */
	uint16_t port_id;  /* NET_PORT_NONE while absent */
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t rx_queues, tx_queues, rx_desc, tx_desc;
	int socket;
	uint32_t speed_mbps; /* 0 unknown */
	bool full_duplex, promiscuous;
	bool multi_segs, rx_cksum; /* offloads in use */
	/* RTE_ETH_RX_OFFLOAD_*, RTE_ETH_TX_OFFLOAD_*, RTE_ETH_RSS_*: announced, used */
	uint64_t rx_capa, rx_used, tx_capa, tx_used, rss_capa, rss_used;
	uint16_t reta_size;
};

/* Whether the port's device can be opened: it is, and ports_add takes it as it is. 0 also where that cannot be
 * known: its netdev is not there yet, or a port has the device. Else -errno and a sentence. */
int ports_try(struct ports *p, const struct conf_port *c, char *err, size_t err_cap);
/* Closes what was tried and not taken. */
void ports_try_end(struct ports *p);

/* -errno with a sentence that names cause and mending command. A device that is missing at start is an
 * error for PCI devices and non-netdev vdevs; a netdev that is missing is waited for. */
int ports_new(struct ports **out, struct app *app, char *err, size_t err_cap);
void ports_free(struct ports *p);
int ports_add(struct ports *p, const struct conf_port *c, char *err, size_t err_cap);
int ports_del(struct ports *p, const char *name);
int ports_change(struct ports *p, const struct conf_port *c);
/* The netdev beneath a port came, went or changed its carrier. */
void ports_netdev(struct ports *p, const char *netdev, bool present, bool carrier);
/* Tells net of every open port again: interfaces were added after their port. */
void ports_announce(struct ports *p);
/* Every 200 ms or so: link states, removed devices, closing those that workers have let go. */
void ports_tick(struct ports *p);

/* The policers of all ports are those of the configuration in force. */
void ports_police(struct ports *p);

size_t ports_count(const struct ports *p);
bool ports_info(const struct ports *p, size_t index, struct port_info *out);
bool ports_stats(const struct ports *p, size_t index, struct port_stats *out);
void ports_stats_clear(struct ports *p);

/* --- what the hardware does (show offload) ------------------------------------------------------------ */

struct port_offload {
	const char *name; /* "ipv4 checksum" */
	bool rx;          /* of received packets, else of those sent */
	bool announced, used;
	const char *why; /* what it is used for, or why it is not */
};

/* The index-th offload of a port; false behind the last, and while the port is absent. */
bool ports_offload(const struct ports *p, size_t index, size_t offload, struct port_offload *out);
/* Queues and marks; false while the port is absent. */
bool ports_flow(const struct ports *p, size_t index, struct flow_port_info *out);
bool ports_rule(const struct ports *p, size_t index, size_t rule, struct flow_rule_info *out);
/* The mark of a route, with the names of the ports that put it on packets. */
bool ports_mark(const struct ports *p, const struct dp_route_key *key, uint16_t *id, char *names,
	size_t cap);
void ports_mark_hits(const struct ports *p, uint64_t *used, uint64_t *refused);
