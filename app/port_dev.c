/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One ethdev: probe, configure, start, close. An offload is used where the port announces it and
 * never required, for vdevs announce next to none.
 */
#include "app/port_dev.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#define DESC_DEFAULT 1024

const char *port_dev_drivers(void)
{
	const char *env = getenv("STARG_DRIVERS_CFG");

	return env ? env : STARG_DRIVERS_DIR;
}

int port_dev_check_drivers(const struct conf *conf, char *err, size_t err_cap)
{
	char why[CONF_ERRLEN];
	struct conf_driver d;

	for (size_t i = 0; i < conf->n_ports; i++) {
		const struct conf_port *c = &conf->ports[i];

		if (!c->driver[0] ||
			conf_driver_read(port_dev_drivers(), c->driver, &d, why, sizeof(why)) == 0)
			continue;
		snprintf(err, err_cap, "%s:%d: port '%s': %.2000s", conf->path, c->line, c->name,
			why);
		return -EINVAL;
	}
	return 0;
}

void port_dev_netdev(const char *device, char *name, size_t cap)
{
	const char *p = strstr(device, ",iface=");
	size_t n;

	name[0] = '\0';
	if (!p || strncmp(device, "net_vhost", strlen("net_vhost")) == 0)
		return; /* vhost's iface is a socket */
	p += strlen(",iface=");
	n = strcspn(p, ",");
	if (n < cap) {
		memcpy(name, p, n);
		name[n] = '\0';
	}
}

int port_dev_claim(const char *port, const char *netdev, char *err, size_t cap)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "starg/netdev/%s", netdev);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&addr, len) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(err, cap,
		"port %s: network device %s is busy: another stargd uses it; stop that one (see "
		"`ss -xap | grep starg/netdev`), or change iface= of the port",
		port, netdev);
	return -EADDRINUSE;
}

/* "net_af_packet0,iface=veth1" -> "net_af_packet0": the name DPDK gives the ethdev. */
static void device_name(const char *device, char *name, size_t cap)
{
	snprintf(name, cap, "%.*s", (int)strcspn(device, ","), device);
}

/* Finds the ethdev of a device, probing it if the bus has not done so yet. */
static int probe(const struct port_dev_conf *c, uint16_t *port_id, char *err, size_t cap)
{
	char name[RTE_ETH_NAME_MAX_LEN], args[600];
	const char *device = c->port->device;
	int rc;

	device_name(device, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, port_id) == 0)
		return 0;
	rc = conf_device_args(device, c->driver.devargs, args, sizeof(args));
	if (rc == 0)
		rc = rte_dev_probe(args);
	if (rc == 0 && rte_eth_dev_get_port_by_name(name, port_id) == 0)
		return 0;
	if (rc == 0)
		rc = -ENODEV;
	if (rc == -EACCES || (rc == -EPERM && geteuid() != 0))
		snprintf(err, cap, "port %s: no permission for device %s: run as root (sudo)",
			c->port->name, device);
	else if (rc == -EBUSY)
		snprintf(err, cap,
			"port %s: device %s is busy: another program has it; see `dpdk-devbind.py "
			"--status`",
			c->port->name, device);
	else if (strchr(name, ':'))
		snprintf(err, cap,
			"port %s: device %s is not there or not bound (%s): see `dpdk-devbind.py "
			"--status`; bind it: sudo scripts/setup --bind %s",
			c->port->name, device, strerror(-rc), name);
	else
		snprintf(err, cap,
			"port %s: device %s is unknown or refused its arguments%s: device strings are "
			"in drivers-cfg, such as \"net_af_packet0,iface=veth1\"",
			c->port->name, device,
			geteuid() ? " (a device on a kernel interface needs root)" : "");
	return rc;
}

static uint16_t pick(uint16_t wanted, uint16_t driver, uint16_t fallback, uint16_t max)
{
	uint16_t n = wanted ? wanted : fallback;

	if (!wanted && driver && n > driver)
		n = driver;
	if (max && n > max)
		n = max;
	return n ? n : 1;
}

/* Whether the driver knows rte_flow: it is asked to remove the rules that it cannot have yet. */
static bool has_flow_api(uint16_t port_id)
{
	struct rte_flow_error e;

	return rte_flow_flush(port_id, &e) != -ENOSYS;
}

static void choose_queues(const struct port_dev_conf *c, uint16_t port_id,
	const struct rte_eth_dev_info *dev, struct port_info *info)
{
	uint16_t workers = (uint16_t)c->n_workers;

	info->rx_queues =
		pick(c->port->rx_queues, c->driver.rx_queues, workers, dev->max_rx_queues);
	/* one more for the control protocols, where rules can fill it */
	if (!c->port->rx_queues && c->port->offload.control_queue &&
		info->rx_queues < dev->max_rx_queues && has_flow_api(port_id))
		info->rx_queues++;
	info->tx_queues =
		pick(c->port->tx_queues, c->driver.tx_queues, workers, dev->max_tx_queues);
	info->rx_desc = pick(c->port->rx_desc, 0,
		c->driver.rx_desc ? c->driver.rx_desc : DESC_DEFAULT, dev->rx_desc_lim.nb_max);
	info->tx_desc = pick(c->port->tx_desc, 0,
		c->driver.tx_desc ? c->driver.tx_desc : DESC_DEFAULT, dev->tx_desc_lim.nb_max);
}

/* The hash that keeps a flow in one queue: on addresses alone, for fragments have no ports. Where a family
 * has no such hash, the nearest: fragments may then take another queue than the rest of their flow. */
static uint64_t rss_types(uint64_t capa)
{
	const uint64_t v4 = RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
			    RTE_ETH_RSS_NONFRAG_IPV4_OTHER;
	const uint64_t v6 = RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_UDP |
			    RTE_ETH_RSS_NONFRAG_IPV6_OTHER;
	uint64_t types = capa & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6);

	if (!(capa & RTE_ETH_RSS_IPV4))
		types |= capa & v4;
	if (!(capa & RTE_ETH_RSS_IPV6))
		types |= capa & v6;
	return types;
}

static void choose_rss(const struct port_dev_conf *c, const struct rte_eth_dev_info *dev,
	struct rte_eth_conf *conf, struct port_info *info)
{
	info->rss_capa = dev->flow_type_rss_offloads;
	info->reta_size = dev->reta_size;
	info->rss_used = 0;
	if (info->rx_queues < 2 || !c->port->offload.rss)
		return;
	info->rss_used = rss_types(dev->flow_type_rss_offloads);
	if (!info->rss_used)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = info->rss_used;
}

static void choose_offloads(const struct port_dev_conf *c, const struct rte_eth_dev_info *dev,
	struct rte_eth_conf *conf, uint16_t mtu, struct port_info *info)
{
	uint64_t rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;

	if (mtu > RTE_ETHER_MTU)
		rx |= RTE_ETH_RX_OFFLOAD_SCATTER;
	conf->rxmode.offloads = dev->rx_offload_capa & rx;
	conf->txmode.offloads = dev->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	choose_rss(c, dev, conf, info);
	info->rx_capa = dev->rx_offload_capa;
	info->rx_used = conf->rxmode.offloads;
	info->tx_capa = dev->tx_offload_capa;
	info->tx_used = conf->txmode.offloads;
	if (dev->max_mtu == 0 || mtu <= dev->max_mtu)
		conf->rxmode.mtu = mtu;
	info->multi_segs = (conf->txmode.offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	info->rx_cksum = (conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
}

static int setup_queues(uint16_t port_id, const struct port_info *info, struct rte_mempool *pool)
{
	int socket = rte_eth_dev_socket_id(port_id);
	int rc;

	for (uint16_t q = 0; q < info->rx_queues; q++) {
		rc = rte_eth_rx_queue_setup(
			port_id, q, info->rx_desc, (unsigned)socket, NULL, pool);
		if (rc)
			return rc;
	}
	for (uint16_t q = 0; q < info->tx_queues; q++) {
		rc = rte_eth_tx_queue_setup(port_id, q, info->tx_desc, (unsigned)socket, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

static int configure(const struct port_dev_conf *c, uint16_t port_id, struct port_info *info,
	char *err, size_t cap)
{
	struct rte_eth_dev_info dev;
	struct rte_eth_conf conf = {0};
	uint16_t mtu = c->port->mtu ? c->port->mtu : RTE_ETHER_MTU;
	int rc = rte_eth_dev_info_get(port_id, &dev);

	if (rc)
		goto fail;
	choose_queues(c, port_id, &dev, info);
	choose_offloads(c, &dev, &conf, mtu, info);
	snprintf(info->driver, sizeof(info->driver), "%s", dev.driver_name);
	rc = rte_eth_dev_configure(port_id, info->rx_queues, info->tx_queues, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(port_id, &info->rx_desc, &info->tx_desc);
	if (rc == 0)
		rc = setup_queues(port_id, info, c->pool);
	if (rc == 0)
		rc = rte_eth_dev_start(port_id);
	if (rc == 0) {
		/* Many vdevs know no MTU: then it is starg's alone. */
		(void)rte_eth_dev_set_mtu(port_id, mtu);
		info->mtu = mtu;
		return 0;
	}
fail:
	snprintf(err, cap,
		"port %s: device %s refused %u RX and %u TX queues of %u and %u descriptors, MTU %u "
		"(%s): change rx_queues, tx_queues, rx_desc, tx_desc or mtu of the port",
		c->port->name, c->port->device, info->rx_queues, info->tx_queues, info->rx_desc,
		info->tx_desc, mtu, strerror(-rc));
	return rc;
}

/* The router's own MAC where there is one; a port that cannot take it must be promiscuous. */
static void choose_mac(const struct port_dev_conf *c, uint16_t port_id, struct port_info *info)
{
	struct rte_ether_addr mac;
	bool promiscuous = c->port->promiscuous;

	if (c->has_mac) {
		memcpy(mac.addr_bytes, c->mac, 6);
		if (rte_eth_dev_default_mac_addr_set(port_id, &mac))
			promiscuous = true;
		memcpy(info->mac, c->mac, 6);
	} else {
		rte_eth_macaddr_get(port_id, &mac);
		memcpy(info->mac, mac.addr_bytes, 6);
	}
	if (promiscuous)
		(void)rte_eth_promiscuous_enable(port_id);
	else
		(void)rte_eth_allmulticast_enable(port_id);
	info->promiscuous = rte_eth_promiscuous_get(port_id) == 1;
}

/* The sockets that net_af_packet receives from, one a queue: its driver does not tell. The lowest above `after`, or 0. */
static int packet_socket(const char *netdev, int after)
{
	int index = (int)if_nametoindex(netdev), found = 0;
	DIR *dir = index ? opendir("/proc/self/fd") : NULL;
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct sockaddr_ll at = {0};
		socklen_t len = sizeof(at);
		int fd = atoi(e->d_name);

		if (fd > after && (!found || fd < found) &&
			getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
			at.sll_family == AF_PACKET && at.sll_ifindex == index)
			found = fd;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool is_af_packet(const struct port_info *info)
{
	return strcmp(info->driver, "net_af_packet") == 0;
}

static int wake_fd(const struct port_info *info)
{
	return is_af_packet(info) && info->rx_queues == 1 ? packet_socket(info->netdev, 0) : 0;
}

uint64_t port_dev_missed(const struct port_info *info)
{
	uint64_t n = 0;

	if (!is_af_packet(info))
		return 0;
	for (int fd = 0; (fd = packet_socket(info->netdev, fd));) {
		struct tpacket_stats s;
		socklen_t len = sizeof(s);

		if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
			n += s.tp_drops;
	}
	return n;
}

int port_dev_open(const struct port_dev_conf *c, struct port_info *info, struct dataplane_port *dp,
	char *err, size_t err_cap)
{
	uint16_t port_id;
	int rc = probe(c, &port_id, err, err_cap);

	if (rc)
		return rc;
	rc = configure(c, port_id, info, err, err_cap);
	if (rc) {
		port_dev_close(port_id);
		return rc;
	}
	choose_mac(c, port_id, info);
	info->port_id = port_id;
	info->socket = rte_eth_dev_socket_id(port_id);
	*dp = (struct dataplane_port){.port_id = port_id,
		.rx_queues = info->rx_queues,
		.tx_queues = info->tx_queues,
		.multi_segs = info->multi_segs,
		.unfinished = info->netdev[0] != '\0',
		.own_pool = strcmp(info->driver, "net_af_xdp") == 0,
		.wake_fd = wake_fd(info)};
	memcpy(dp->mac, info->mac, 6);
	return 0;
}

void port_dev_close(uint16_t port_id)
{
	struct rte_eth_dev_info dev;
	struct rte_device *device = NULL;

	if (rte_eth_dev_info_get(port_id, &dev) == 0)
		device = dev.device;
	(void)rte_eth_dev_stop(port_id);
	(void)rte_eth_dev_close(port_id);
	if (device)
		(void)rte_dev_remove(device);
}

bool port_dev_link(uint16_t port_id, struct port_info *info)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port_id, &link))
		return false;
	info->speed_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	info->full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
	return link.link_status == RTE_ETH_LINK_UP;
}

bool port_dev_removed(uint16_t port_id)
{
	return rte_eth_dev_is_removed(port_id) == 1;
}
