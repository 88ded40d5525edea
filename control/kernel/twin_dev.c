/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The device of a twin: /dev/net/tun, and what is set on it before it goes up.
 *
 * Settings, and why:
 *   accept_local=1   a packet from the wire that has one of our own addresses as source (an echo of
 *		      ourselves through a loop, a neighbour stargd) is not the kernel's to drop
 *   rp_filter	      0 where net.ipv4.conf.all has 0, else 2: a router sees asymmetric paths, and
 *		      link-local multicast of a tunnel's far end whose address no route covers. The
 *		      kernel uses the larger of the two values, and of 1 and 2 that is the loose one.
 *   forwarding=1     unicast that is not for us is routed, without touching net.ipv4.ip_forward.
 *		      IPv6 needs force_forwarding beside it, or forwarding of `all` (older kernels)
 *   promote_secondaries=1, keep_addr_on_down=1
 *		      taking one address away, or setting the twin down, takes no others along
 *   addr_gen_mode=1  no link-local address on a loopback: it has no link
 */
#include "control/kernel/twin_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void open_failed(const char *name, int rc, char *err, size_t cap)
{
	const char *why = strerror(-rc);

	switch (rc) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		snprintf(err, cap,
			"twin %s: /dev/net/tun is missing (%s): run `modprobe tun`, or give the "
			"interface exception = \"none\"",
			name, why);
		break;
	case -EACCES:
	case -EPERM:
		snprintf(err, cap,
			"twin %s: no permission to create it (%s): run stargd as root or with `setcap "
			"cap_net_admin,cap_net_raw+ep $(which stargd)`, or give the interface "
			"exception = \"none\"",
			name, why);
		break;
	case -EEXIST:
		snprintf(err, cap,
			"twin %s: a device of this name exists already: remove it with `ip link del %s` "
			"or choose another interface name",
			name, name);
		break;
	case -EINVAL:
		snprintf(err, cap,
			"twin %s: Linux does not take this name for a device: choose another interface "
			"name, of at most 15 characters without '/', ':' or spaces",
			name);
		break;
	default:
		snprintf(err, cap,
			"twin %s: cannot create it: %s; see `dmesg`, or give the interface "
			"exception = \"none\"",
			name, why);
		break;
	}
}

/* A new device, without carrier, down. Its descriptor or -errno. */
static int device_make(const char *name, bool is_tap)
{
	struct ifreq ifr = {0};
	int off = 0;
	int fd, rc;

	/* IFF_TUN_EXCL makes EBUSY of a TUN or TAP, any other device makes EINVAL. */
	if (if_nametoindex(name))
		return -EEXIST;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ifr.ifr_flags = (short)((is_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_TUN_EXCL);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		rc = errno == EBUSY ? -EEXIST : -errno;
		close(fd);
		return rc;
	}
	ioctl(fd, TUNSETCARRIER, &off);
	return fd;
}

int twin_dev_open(struct twin *tw, char *err, size_t cap)
{
	int fd = device_make(tw->name, tw->is_tap);
	int ifindex;

	if (fd < 0) {
		open_failed(tw->name, fd, err, cap);
		return fd;
	}
	ifindex = (int)if_nametoindex(tw->name);
	if (!ifindex) { /* renamed or deleted under our hands */
		close(fd);
		open_failed(tw->name, -EAGAIN, err, cap);
		return -EAGAIN;
	}
	tw->fd = fd;
	tw->ifindex = ifindex;
	return 0;
}

void twin_dev_carrier(struct twin *tw)
{
	int on = tw->carrier;

	/* On a device that is gone: the loop finds out by itself. */
	if (tw->fd >= 0)
		ioctl(tw->fd, TUNSETCARRIER, &on);
}

/* A family that the kernel does not have, or a setting that it does not know, is no failure. */
static void setting(const struct twin *tw, const char *family, const char *name, const char *value)
{
	int rc = sysctl_set(family, tw->name, name, value, NULL, 0);

	if (rc && rc != -ENOENT)
		log_warning("twin",
			"%s: cannot set net.%s.conf.%s.%s=%s: %s; make /proc/sys writable or set it "
			"from outside",
			tw->name, family, tw->name, name, value, strerror(-rc));
}

static bool has_v6(const struct net_if_conf *conf)
{
	for (unsigned i = 0; i < conf->n_addrs; i++) {
		if (conf->addrs[i].ip.family == IP_V6)
			return true;
	}
	return false;
}

/* Before Linux 6.17 there is no forwarding of a single interface. */
static void forwarding6_check(struct kernel *k, const struct twin *tw)
{
	char value[16];

	if (k->warned_forwarding6)
		return;
	if (sysctl_get("ipv6", tw->name, "force_forwarding", value, sizeof(value)) != -ENOENT)
		return;
	if (sysctl_get("ipv6", "all", "forwarding", value, sizeof(value)) ||
		strcmp(value, "0") != 0)
		return;
	k->warned_forwarding6 = true;
	log_notice("twin", "the kernel does not route IPv6 unicast between twins: "
			   "`sysctl -w net.ipv6.conf.all.forwarding=1` makes it");
}

void twin_dev_settings(struct kernel *k, const struct twin *tw, const struct net_if *ifp)
{
	char all[16];
	bool loose =
		sysctl_get("ipv4", "all", "rp_filter", all, sizeof(all)) || strcmp(all, "0") != 0;

	setting(tw, "ipv4", "accept_local", "1");
	setting(tw, "ipv4", "rp_filter", loose ? "2" : "0");
	setting(tw, "ipv4", "forwarding", "1");
	setting(tw, "ipv4", "promote_secondaries", "1");
	if (ifp->conf.kind == DP_IF_LOOPBACK)
		setting(tw, "ipv6", "addr_gen_mode", "1");
	setting(tw, "ipv6", "forwarding", "1");
	setting(tw, "ipv6", "force_forwarding", "1");
	setting(tw, "ipv6", "keep_addr_on_down", "1");
	if (!has_v6(&ifp->conf))
		return;
	setting(tw, "ipv6", "disable_ipv6", "0");
	forwarding6_check(k, tw);
}
