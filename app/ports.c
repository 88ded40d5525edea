/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The ports' lives. A port is wanted (configured) and has a device or waits for one: its netdev may
 * appear later, vanish and come back. A device is closed only when no worker can touch it.
 */
#include "app/ports_priv.h"
#include "app/port_dev.h"
#include "app/router.h"
#include "app/starting.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_ethdev.h>

#define RETRY_US 1000000
#define CLOSE_WAIT_MS 100

/* A device that workers may still be looking at. */
struct closing {
	uint16_t port_id;
	char device[256];
	struct closing *next;
};

static struct port *find(const struct ports *p, const char *name)
{
	for (struct port *port = p->list; port; port = port->next)
		if (strcmp(port->conf.name, name) == 0)
			return port;
	return NULL;
}

static void port_free(struct port *port)
{
	if (port->claim >= 0)
		close(port->claim);
	free(port);
}

static bool still_closing(const struct ports *p, const char *device)
{
	for (const struct closing *c = p->closing; c; c = c->next)
		if (strcmp(c->device, device) == 0)
			return true;
	return false;
}

static void info_reset(struct port *port)
{
	struct port_info *i = &port->info;

	memset(i, 0, sizeof(*i));
	snprintf(i->name, sizeof(i->name), "%s", port->conf.name);
	snprintf(i->device, sizeof(i->device), "%s", port->conf.device);
	port_dev_netdev(port->conf.device, i->netdev, sizeof(i->netdev));
	i->port_id = NET_PORT_NONE;
	i->state = PORT_ABSENT;
}

static void set_link(struct ports *p, struct port *port, bool link)
{
	uint8_t state = link ? PORT_UP : PORT_DOWN;

	if (port->info.state == state)
		return;
	log_notice("port", "%s: link %s", port->conf.name, link ? "up" : "down");
	port->info.state = state;
	net_port_link(p->app->net, port->conf.name, link);
}

static void announce(struct ports *p, struct port *port)
{
	const struct port_info *i = &port->info;

	net_port_set(p->app->net, i->name, i->port_id, i->mac, i->mtu);
	net_port_link(p->app->net, i->name, i->state == PORT_UP);
	router_twins_sync(p->app);
}

/* Reads the driver file; a port without one uses DPDK's defaults. */
static int driver_of(
	struct ports *p, const struct conf_port *c, struct conf_driver *d, char *err, size_t cap)
{
	char name[32];

	memset(d, 0, sizeof(*d));
	if (c->driver[0])
		return conf_driver_read(p->drivers_dir, c->driver, d, err, cap);
	if (conf_driver_for_device(p->drivers_dir, c->device, name, sizeof(name)))
		return 0;
	return conf_driver_read(p->drivers_dir, name, d, err, cap);
}

/* What the kernel must be told before a packet socket listens beside it. */
static int prepare_netdev(struct ports *p, struct port *port, char *err, size_t cap)
{
	const char *netdev = port->info.netdev;

	if (!netdev[0])
		return 0;
	if (if_nametoindex(netdev) == 0) {
		snprintf(err, cap,
			"port %s: network device %s is not there: waiting for it; see `ip link`, or "
			"change iface= of the port",
			port->conf.name, netdev);
		return -ENODEV;
	}
	while (port->claim < 0) {
		int fd = port_dev_claim(port->conf.name, netdev, err, cap);

		if (fd < 0 && !starting_waits(p->app, err))
			return fd;
		port->claim = fd < 0 ? -1 : fd;
	}
	if (!p->app->kernel)
		return 0;
	return kernel_port_prepare(p->app->kernel, netdev, err, cap);
}

static void set_police(struct ports *p, const struct port *port)
{
	struct dp_police police;

	conf_police_of(p->app->conf, &port->conf, &police);
	if (p->app->dp.ops->police_set(p->app->dp.ctx, port->info.port_id, &police))
		log_error("port", "%s: its policers were not set: out of memory", port->conf.name);
}

/* What the port takes over, and a line about it. */
static void flow_start(struct ports *p, const struct port *port, struct dataplane_port *dp)
{
	const struct conf_offload *o = &port->conf.offload;
	const struct flow_conf c = {.control_queue = o->control_queue,
		.rss = o->rss,
		.marks = o->mark,
		.rss_hf = port->info.rss_used,
		.reta_size = port->info.reta_size};

	flow_port_start(p->app->dataplane, &c, dp);
	log_info("port", "%s: %u data queue(s)%s%s; see show offload %s", port->conf.name,
		dp->rx_queues, dp->control_queue ? ", one for control packets" : "",
		dp->marks ? ", marks hot flows" : "", port->conf.name);
}

static void flow_stop(struct ports *p, const struct port *port, uint16_t port_id)
{
	char err[FLOW_PROBLEM_LEN];

	if (flow_port_stop(p->app->dataplane, port_id, err, sizeof(err)))
		log_warning("port", "%s: its rules could not be removed: %s", port->conf.name, err);
}

/* The device, but not for the workers yet. */
static int open_device(struct ports *p, struct port *port, char *err, size_t cap)
{
	struct port_dev_conf c = {.port = &port->conf,
		.n_workers = dataplane_workers(p->app->dataplane),
		.pool = dataplane_pool(p->app->dataplane),
		.has_mac = p->app->conf->router.has_mac};
	int rc = prepare_netdev(p, port, err, cap);

	if (rc == 0)
		rc = driver_of(p, &port->conf, &c.driver, err, cap);
	if (rc)
		return rc;
	memcpy(c.mac, p->app->conf->router.mac, 6);
	return port_dev_open(&c, &port->info, &port->dp, err, cap);
}

static int open_port(struct ports *p, struct port *port, char *err, size_t cap)
{
	uint16_t port_id;
	bool link = true;
	int rc;

	if (port->opening || still_closing(p, port->conf.device))
		return -EBUSY;
	port->opening = true;
	rc = port_is_open(port) ? 0 : open_device(p, port, err, cap);
	port->opening = false;
	if (rc)
		return rc;
	port_id = port->info.port_id;
	set_police(p, port);
	flow_start(p, port, &port->dp);
	rc = dataplane_port_add(p->app->dataplane, &port->dp);
	if (rc) {
		flow_stop(p, port, port_id);
		snprintf(err, cap, "port %s: the data plane refused it: %s", port->conf.name,
			strerror(-rc));
		port_dev_close(port_id);
		port->info.port_id = NET_PORT_NONE;
		return rc;
	}
	if (port->info.netdev[0] && p->app->kernel)
		kernel_netdev_index(p->app->kernel, port->info.netdev, &link);
	else
		link = port_dev_link(port_id, &port->info);
	port->info.state = link ? PORT_UP : PORT_DOWN;
	port->info.problem[0] = '\0';
	memset(&port->base, 0, sizeof(port->base));
	port->missed = 0;
	log_notice("port", "%s: %s ready as port %u, link %s", port->conf.name, port->conf.device,
		port_id, link ? "up" : "down");
	announce(p, port);
	return 0;
}

static void close_port(struct ports *p, struct port *port)
{
	struct closing *c;

	if (!port_is_open(port))
		return;
	net_port_set(p->app->net, port->conf.name, NET_PORT_NONE, NULL, 0);
	flow_stop(p, port, port->info.port_id);
	dataplane_port_del(p->app->dataplane, port->info.port_id);
	c = calloc(1, sizeof(*c));
	if (c) {
		c->port_id = port->info.port_id;
		snprintf(c->device, sizeof(c->device), "%s", port->conf.device);
		c->next = p->closing;
		p->closing = c;
	}
	info_reset(port);
}

static void finish_closing(struct ports *p, bool force)
{
	struct closing **at = &p->closing;

	while (*at) {
		struct closing *c = *at;

		if (!force && !dataplane_port_idle(p->app->dataplane, c->port_id)) {
			at = &c->next;
			continue;
		}
		port_dev_close(c->port_id);
		*at = c->next;
		free(c);
	}
}

/* A port may be made anew on the device of one that has just gone: workers let go of it within a round, and then
 * it is known at once whether the device works. */
static void wait_closed(struct ports *p, const char *device)
{
	for (int i = 0; i < CLOSE_WAIT_MS; i++) {
		finish_closing(p, false);
		if (!still_closing(p, device))
			return;
		if (p->app->shared && p->app->workers_run)
			dataplane_poll(p->app->dataplane);
		else
			usleep(1000);
	}
}

int ports_new(struct ports **out, struct app *app, char *err, size_t err_cap)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (!p) {
		snprintf(err, err_cap, "ports: out of memory");
		return -ENOMEM;
	}
	p->app = app;
	p->drivers_dir = port_dev_drivers();
	*out = p;
	return 0;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	ports_try_end(p);
	while (p->list)
		ports_del(p, p->list->conf.name);
	finish_closing(p, true);
	free(p);
}

/* "net_pcap0" of "net_pcap0,rx_pcap=a.pcap" */
static bool same_device(const char *a, const char *b)
{
	size_t n = strcspn(a, ",");

	return n == strcspn(b, ",") && strncmp(a, b, n) == 0;
}

/* Whether a port has the device, or what is below it, now or a moment ago. */
static bool in_use(const struct ports *p, const struct port *wanted)
{
	for (const struct port *port = p->list; port; port = port->next)
		if (same_device(port->conf.device, wanted->conf.device) ||
			(port->info.netdev[0] &&
				strcmp(port->info.netdev, wanted->info.netdev) == 0))
			return true;
	for (const struct port *port = p->tried; port; port = port->next)
		if (same_device(port->conf.device, wanted->conf.device))
			return true;
	for (const struct closing *c = p->closing; c; c = c->next)
		if (same_device(c->device, wanted->conf.device))
			return true;
	return false;
}

/* NULL without memory. */
static struct port *port_new(const struct conf_port *c)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->conf = *c;
	port->claim = -1;
	info_reset(port);
	return port;
}

int ports_try(struct ports *p, const struct conf_port *c, char *err, size_t err_cap)
{
	struct port *port = port_new(c);
	int rc = 0;

	if (!port)
		return 0;
	if (!in_use(p, port) && rte_eth_dev_count_avail() < RTE_MAX_ETHPORTS &&
		(!port->info.netdev[0] || if_nametoindex(port->info.netdev)))
		rc = open_device(p, port, err, err_cap);
	if (rc || !port_is_open(port)) {
		port_free(port);
		return rc;
	}
	port->next = p->tried;
	p->tried = port;
	return 0;
}

void ports_try_end(struct ports *p)
{
	while (p->tried) {
		struct port *port = p->tried;

		p->tried = port->next;
		port_dev_close(port->info.port_id);
		port_free(port);
	}
}

/* The port with its device open, if it was tried; else a new one. */
static struct port *tried_or_new(struct ports *p, const struct conf_port *c)
{
	for (struct port **at = &p->tried; *at; at = &(*at)->next) {
		struct port *port = *at;

		if (strcmp(port->conf.name, c->name) != 0)
			continue;
		*at = port->next;
		port->next = NULL;
		return port;
	}
	return port_new(c);
}

int ports_add(struct ports *p, const struct conf_port *c, char *err, size_t err_cap)
{
	struct port *port = tried_or_new(p, c), **at = &p->list;
	int rc;

	if (!port) {
		snprintf(err, err_cap, "port %s: out of memory", c->name);
		return -ENOMEM;
	}
	while (*at)
		at = &(*at)->next;
	*at = port;
	wait_closed(p, c->device);
	rc = open_port(p, port, err, err_cap);
	if (rc == 0)
		return 0;
	if (rc == -EBUSY || (port->info.netdev[0] && if_nametoindex(port->info.netdev) == 0)) {
		if (rc != -EBUSY)
			log_warning("port", "%s", err);
		snprintf(port->info.problem, sizeof(port->info.problem), "%s", err);
		return 0; /* waits */
	}
	*at = NULL;
	port_free(port);
	return rc;
}

int ports_del(struct ports *p, const char *name)
{
	struct port **at = &p->list, *port;

	while (*at && strcmp((*at)->conf.name, name) != 0)
		at = &(*at)->next;
	if (!*at)
		return -ENOENT;
	port = *at;
	close_port(p, port);
	*at = port->next;
	port_free(port);
	return 0;
}

int ports_change(struct ports *p, const struct conf_port *c)
{
	struct port *port = find(p, c->name);
	uint16_t mtu = c->mtu ? c->mtu : RTE_ETHER_MTU;

	if (!port)
		return -ENOENT;
	port->conf = *c;
	if (!port_is_open(port))
		return 0;
	(void)rte_eth_dev_set_mtu(port->info.port_id, mtu);
	port->info.mtu = mtu;
	if (c->promiscuous)
		(void)rte_eth_promiscuous_enable(port->info.port_id);
	else
		(void)rte_eth_promiscuous_disable(port->info.port_id);
	port->info.promiscuous = rte_eth_promiscuous_get(port->info.port_id) == 1;
	announce(p, port);
	return 0;
}

void ports_police(struct ports *p)
{
	const struct conf *c = p->app->conf;

	for (struct port *port = p->list; port; port = port->next) {
		for (size_t i = 0; i < c->n_ports; i++)
			if (strcmp(c->ports[i].name, port->conf.name) == 0)
				port->conf.police = c->ports[i].police;
		if (port_is_open(port))
			set_police(p, port);
	}
}

void ports_announce(struct ports *p)
{
	for (struct port *port = p->list; port; port = port->next)
		if (port_is_open(port))
			announce(p, port);
}

static void try_open(struct ports *p, struct port *port)
{
	char err[256] = "";
	int rc = open_port(p, port, err, sizeof(err));

	port->retry_us = app_now_us() + RETRY_US;
	if (rc == 0 || rc == -EBUSY)
		return;
	if (strcmp(port->info.problem, err) != 0)
		log_warning("port", "%s", err);
	snprintf(port->info.problem, sizeof(port->info.problem), "%s", err);
}

void ports_netdev(struct ports *p, const char *netdev, bool present, bool carrier)
{
	for (struct port *port = p->list; port; port = port->next) {
		if (strcmp(port->info.netdev, netdev) != 0)
			continue;
		if (!present && port_is_open(port)) {
			log_warning("port", "%s: network device %s vanished: waiting for it",
				port->conf.name, netdev);
			close_port(p, port);
			snprintf(port->info.problem, sizeof(port->info.problem),
				"network device %s vanished: waiting for it", netdev);
		} else if (present && !port_is_open(port)) {
			try_open(p, port);
		} else if (present) {
			set_link(p, port, carrier);
		}
	}
}

void ports_tick(struct ports *p)
{
	uint64_t now = app_now_us();

	finish_closing(p, false);
	flow_tick(p->app->dataplane, now);
	for (struct port *port = p->list; port; port = port->next) {
		if (!port_is_open(port)) {
			if (now >= port->retry_us)
				try_open(p, port);
		} else if (!port->info.netdev[0]) {
			if (port_dev_removed(port->info.port_id)) {
				log_error("port", "%s: device %s removed", port->conf.name,
					port->conf.device);
				close_port(p, port);
			} else {
				set_link(p, port, port_dev_link(port->info.port_id, &port->info));
			}
		}
	}
}
