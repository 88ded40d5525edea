/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show port: Ethernet devices, what they are and what they counted.
 */
#include "app/ports.h"
#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

static const char *state_name(uint8_t state)
{
	switch ((enum port_state)state) {
	case PORT_ABSENT:
		return "absent";
	case PORT_UP:
		return "up";
	case PORT_DOWN:
		return "down";
	}
	return "unknown";
}

static void put_info(json_t *ports, const struct port_info *p)
{
	json_t *o = add_object(ports);

	put_text(o, "name", p->name);
	put_text(o, "state", state_name(p->state));
	put_text(o, "device", p->device);
	put_text(o, "driver", p->driver);
	put_text(o, "netdev", p->netdev[0] ? p->netdev : NULL);
	put_text(o, "problem", p->problem[0] ? p->problem : NULL);
	put_value(o, "port_id", p->state == PORT_ABSENT ? json_null() : json_integer(p->port_id));
	put_mac(o, "mac", p->mac);
	put_number(o, "mtu", p->mtu);
	put_number(o, "rx_queues", p->rx_queues);
	put_number(o, "tx_queues", p->tx_queues);
	put_number(o, "rx_desc", p->rx_desc);
	put_number(o, "tx_desc", p->tx_desc);
	put_value(o, "socket", json_integer(p->socket));
	put_value(o, "speed_mbps", p->speed_mbps ? json_integer(p->speed_mbps) : json_null());
	put_bool(o, "full_duplex", p->full_duplex);
	put_bool(o, "promiscuous", p->promiscuous);
	put_bool(o, "multi_segs", p->multi_segs);
	put_bool(o, "rx_checksum", p->rx_cksum);
}

static void put_stats(json_t *ports, const char *name, const struct port_stats *s)
{
	json_t *o = add_object(ports);

	put_text(o, "name", name);
	put_number(o, "rx_packets", s->rx_packets);
	put_number(o, "rx_bytes", s->rx_bytes);
	put_number(o, "rx_missed", s->rx_missed);
	put_number(o, "rx_errors", s->rx_errors);
	put_number(o, "rx_nombuf", s->rx_nombuf);
	put_number(o, "tx_packets", s->tx_packets);
	put_number(o, "tx_bytes", s->tx_bytes);
	put_number(o, "tx_errors", s->tx_errors);
}

static void show_port(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *only = cmd_has(args, "all") ? NULL : cmd_arg(args, "PORT");
	struct port_stats stats;
	struct port_info info;
	json_t *ports;

	out->value = json_object();
	ports = put_array(out->value, "ports");
	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++) {
		if (!ports_info(app->ports, i, &info) || (only && strcmp(only, info.name) != 0))
			continue;
		if (!cmd_has(args, "stats"))
			put_info(ports, &info);
		else if (ports_stats(app->ports, i, &stats))
			put_stats(ports, info.name, &stats);
	}
}

static void text_info(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Name", "name"}, {"State", "state"},
		{"Device", "device"}, {"Driver", "driver"}, {"Id", "port_id"}, {"MAC", "mac"},
		{"MTU", "mtu"}, {"RxQueues", "rx_queues"}, {"TxQueues", "tx_queues"},
		{"Speed", "speed_mbps"}};
	const json_t *ports = json_object_get(value, "ports"), *p;
	const char *problem;
	size_t i;

	text_table(ports, cols, COUNT_OF(cols), to);
	json_array_foreach (ports, i, p) {
		problem = json_string_value(json_object_get(p, "problem"));
		if (problem)
			fprintf(to, "%s: %s\n", json_string_value(json_object_get(p, "name")),
				problem);
	}
}

static void text_stats(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Name", "name"}, {"RxPackets", "rx_packets"},
		{"RxBytes", "rx_bytes"}, {"RxMissed", "rx_missed"}, {"RxErrors", "rx_errors"},
		{"RxNoBuffer", "rx_nombuf"}, {"TxPackets", "tx_packets"}, {"TxBytes", "tx_bytes"},
		{"TxErrors", "tx_errors"}};

	text_table(json_object_get(value, "ports"), cols, COUNT_OF(cols), to);
}

const struct cmd show_port_cmds[] = {
	{"show port [info] [PORT|all]", "Ethernet ports: device, driver, state, queues", show_port,
		text_info},
	{"show port stats [PORT|all]", "packets, bytes and errors that the devices counted",
		show_port, text_stats},
	{NULL, NULL, NULL, NULL},
};
