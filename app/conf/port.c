/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * ports: the devices.
 */
#include "app/conf/conf_priv.h"

#include <ctype.h>

#define PORTS_MAX 32 /* RTE_MAX_ETHPORTS of Debian's DPDK */

static void police_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	police_group_read(r, s, what, &((struct conf_port *)obj)->police);
}

static void police_print(const void *obj, FILE *to)
{
	police_group_print(&((const struct conf_port *)obj)->police, to);
}

#define MARKS_MAX 1024 /* FLOW_MARKS_MAX of the data plane */

/* --- offload ----------------------------------------------------------------------------------------- */

#define OFFLOAD(member) KEY_FIELD(struct conf_offload, member)

static const struct conf_key offload_keys[] = {
	{"control_queue", KEY_BOOL, OFFLOAD(control_queue), .example = "false"},
	{"rss", KEY_BOOL, OFFLOAD(rss), .example = "false"},
	{"mark", KEY_UINT, OFFLOAD(mark), .max = MARKS_MAX, .example = "256"},
};

const struct conf_group conf_group_offload = GROUP("ports.offload", offload_keys);

static const struct conf_offload offload_defaults = {
	.control_queue = true, .rss = true, .mark = 64};

static void offload_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_port *p = obj;
	char inner[WHAT_LEN + 12];

	snprintf(inner, sizeof(inner), "offload of %s", what);
	group_read(r, s, &conf_group_offload, inner, &p->offload);
}

static void offload_print(const void *obj, FILE *to)
{
	const struct conf_offload *o = &((const struct conf_port *)obj)->offload;

	if (memcmp(o, &offload_defaults, sizeof(*o)) == 0)
		return;
	fputs("offload: { ", to);
	group_print(&conf_group_offload, o, &offload_defaults, to);
	fputs("}; ", to);
}

/* --- the port ---------------------------------------------------------------------------------------- */

#define PORT(member) KEY_FIELD(struct conf_port, member)

static const struct conf_key port_keys[] = {
	{"name", KEY_STRING, .required = true, PORT(name), .min = 1, .example = "\"p0\""},
	{"device", KEY_STRING, .required = true, PORT(device), .min = 1,
		.example = "\"0000:3b:00.0\""},
	{"driver", KEY_STRING, PORT(driver), .example = "\"mlx5\""},
	{"rx_queues", KEY_UINT, PORT(rx_queues), .max = 1024, .example = "2"},
	{"tx_queues", KEY_UINT, PORT(tx_queues), .max = 1024, .example = "2"},
	{"rx_desc", KEY_UINT, PORT(rx_desc), .max = 32768, .example = "1024"},
	{"tx_desc", KEY_UINT, PORT(tx_desc), .max = 32768, .example = "1024"},
	{"mtu", KEY_UINT, PORT(mtu), .min = 68, .max = 65535, .example = "9000"},
	{"promiscuous", KEY_BOOL, PORT(promiscuous), .example = "true"},
	{"police", KEY_OTHER, .example = "{ hello = 1000; }", .read = police_read,
		.print = police_print},

	{"offload", KEY_OTHER, .example = "{ control_queue = false; }", .read = offload_read,
		.print = offload_print},
};

const struct conf_group conf_group_port = GROUP("ports", port_keys);

void port_defaults(struct conf_port *p)
{
	memset(p, 0, sizeof(*p));
	p->promiscuous = true;
	p->offload = offload_defaults;
}

/* BB:DD.F, with or without the domain before it; ends at a ',' (devargs) or the end. */
static bool device_is_pci(const char *d)
{
	unsigned domain, bus, dev, fn;
	int n = 0;

	if (sscanf(d, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &n) == 4 && n > 0)
		return d[n] == '\0' || d[n] == ',';
	n = 0;
	if (sscanf(d, "%2x:%2x.%1x%n", &bus, &dev, &fn, &n) == 3 && n > 0)
		return d[n] == '\0' || d[n] == ',';
	return false;
}

static void device_check(struct conf_reader *r, unsigned line, const char *what, const char *d)
{
	size_t head = strcspn(d, ",");

	if (!d[0])
		return; /* reported */
	if (strpbrk(d, " \t")) {
		problem_add(
			r, line, "device of %s holds a blank: arguments are joined by ','", what);
		return;
	}
	if (device_is_pci(d) || strncmp(d, "net_", 4) == 0 || strncmp(d, "eth_", 4) == 0)
		return;
	if (memchr(d, ':', head)) /* another bus: auxiliary:mlx5_core.sf.4, fslmc:..., vmbus:... */
		return;
	problem_add(r, line,
		"device of %s: '%.48s' is neither a PCI address (\"0000:3b:00.0\") nor a "
		"DPDK vdev; a kernel interface is \"net_af_packet0,iface=%.16s\"",
		what, d, d);
}

/* The name may be typed in the shell and is part of no path. */
static void name_check(
	struct conf_reader *r, config_setting_t *s, const char *what, const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._-+", *c)) {
			problem_add(r, line_in(s, "name"),
				"name of %s holds '%c': letters, digits and . _ - + "
				"are allowed",
				what, *c);
			return;
		}
	}
	if (strcmp(name, "all") == 0)
		problem_add(r, line_in(s, "name"),
			"name of %s: 'all' means every port in the shell; "
			"write another",
			what);
}

static void port_read(struct conf_reader *r, config_setting_t *s, int index, struct conf_port *p)
{
	char what[WHAT_LEN];

	port_defaults(p);
	p->line = (int)line_of(s);
	what_named(what, s, "port", index);
	if (!group_read(r, s, &conf_group_port, what, p))
		return;
	name_check(r, s, what, p->name);
	device_check(r, line_in(s, "device"), what, p->device);
	if (strchr(p->driver, '/') || p->driver[0] == '.')
		problem_add(r, line_in(s, "driver"),
			"driver of %s: '%s' is no name of a file in drivers-cfg; "
			"write for example \"mlx5\"",
			what, p->driver);
}

void ports_read(struct conf_reader *r, config_setting_t *s)
{
	int n = list_check(r, s, "ports", "{ name = \"p0\"; device = \"0000:3b:00.0\"; }");

	if (n > PORTS_MAX)
		problem_add(r, line_of(s), "%d ports: DPDK allows at most %d", n, PORTS_MAX);
	if (n <= 0 || n > PORTS_MAX)
		return;
	r->conf->ports = reader_array(r, n, sizeof(*r->conf->ports));
	if (!r->conf->ports)
		return;
	r->conf->n_ports = (size_t)n;
	for (int i = 0; i < n; i++)
		port_read(r, config_setting_get_elem(s, (unsigned)i), i, &r->conf->ports[i]);
}

bool device_netdev(const char *device, char *name, size_t cap)
{
	if (strncmp(device, "net_vhost", strlen("net_vhost")) == 0)
		return false; /* its iface is a socket */
	for (const char *arg = strchr(device, ','); arg; arg = strchr(arg, ',')) {
		size_t key, len;

		arg++;
		key = strcspn(arg, "=,");
		if (arg[key] != '=')
			continue;
		len = strcspn(arg + key + 1, ",");
		if (key < 5 || strncmp(arg + key - 5, "iface", 5) != 0 || len == 0 || len >= cap)
			continue;
		memcpy(name, arg + key + 1, len);
		name[len] = '\0';
		return true;
	}
	return false;
}
