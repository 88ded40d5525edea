/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The configuration file as plain structs: read and checked as a whole, then compared, then
 * applied. This room is the only user of libconfig.
 */
#pragma once

#include "control/gmp/gmp.h"
#include "control/pim/pim.h"
#include "control/static/static.h"

#include <sys/stat.h>

#define CONF_NAMELEN 32
#define CONF_ERRLEN 8192 /* room for some fifty messages */

enum conf_replicate { CONF_REPLICATE_AUTO, CONF_REPLICATE_COPY, CONF_REPLICATE_SHARE };
enum conf_poll { CONF_POLL_AUTO, CONF_POLL_BUSY, CONF_POLL_ADAPTIVE };

#define CONF_POLICE_REGULAR (1u << (DP_POLICE_KINDS + 1))

/* What a group `police` of the file says. */
struct conf_police {
	struct dp_police c;
	uint32_t
		set; /* which of c: bits by kind, 1 << DP_POLICE_KINDS source, CONF_POLICE_REGULAR */
};

/* Packets of flows without route that wait for a protocol's answer. */
struct conf_hold {
	uint32_t packets; /* of a flow, default 8; 0: none are held */
	uint32_t flows;   /* a worker, default 256 */
	uint32_t time_ms; /* default 500 */
};

struct conf_router {
	char name[CONF_NAMELEN]; /* default: the host name */
	char **eal;              /* arguments, NULL-terminated; NULL: derived */
	enum conf_poll poll;     /* auto: busy if every worker has a CPU of its own and hugepages
				      * are there, else adaptive */
	int workers;             /* worker lcores; -1 derived; 0 everything on one lcore */
	uint32_t mbufs;          /* default 32768 */
	uint32_t max_routes;     /* default 1048576 */
	uint32_t max_oifs;       /* default 65536 */
	bool has_mac;            /* one MAC for all ports */
	uint8_t mac[6];
	enum log_level log;   /* default notice */
	uint32_t upcall_rate; /* NOCACHE/WRONGVIF upcalls a second per worker, default 1000 */
	enum conf_replicate replicate; /* how copies get their bytes; default auto */
	struct conf_police police;
	struct conf_hold hold;
	bool huge;      /* false: --no-huge even if hugepages are there; default true */
	bool telemetry; /* DPDK telemetry on a socket in the runtime directory; default true */
};

/* What the port's hardware may take over (dataplane/flow.h). */
struct conf_offload {
	bool control_queue; /* default true */
	bool rss;           /* default true */
	uint16_t mark;      /* hot flows marked at most, default 64 */
};

struct conf_port {
	char name[CONF_NAMELEN];
	char device[256]; /* PCI address, or vdev "net_af_packet0,iface=veth1" */
	char driver[32];  /* a file of drivers-cfg without .conf; "": by device, else "default" */
	uint16_t rx_queues, tx_queues; /* 0: as the driver file or the number of workers says */
	uint16_t rx_desc, tx_desc;     /* 0: likewise */
	uint16_t mtu;                  /* 0: 1500 */
	bool promiscuous;              /* default true */
	struct conf_police police;     /* over the router's */
	struct conf_offload offload;
	int line;
};

struct conf_if {
	struct net_if_conf net;
	bool shutdown;               /* `shutdown = true`: configured, but administratively down */
	struct gmp_if_config gmp[2]; /* IGMP, MLD: enabled if the file has the group; no name */
	bool has_pim;
	struct pim_if_config pim; /* likewise without name */
	int line;
};

struct conf_rpf {
	struct prefix prefix;
	char interface[DP_IF_NAMELEN];
	struct ipaddr neighbor; /* IP_NONE: directly connected */
	int line;
};

struct conf_neigh {
	char interface[DP_IF_NAMELEN];
	struct ipaddr address;
	uint8_t mac[6];
	int line;
};

struct conf_control {
	char socket[108]; /* default /run/starg/stargd.sock */
};

/* A file as it was, so that a later change shows. */
struct conf_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct conf {
	char *path;
	struct conf_stamp stamp; /* of the file before it was read */
	struct conf_router router;
	struct conf_control control;
	struct conf_port *ports;
	size_t n_ports;
	struct conf_if *ifs;
	size_t n_ifs;
	struct conf_rpf *rpf;
	size_t n_rpf;
	struct conf_neigh *neighs;
	size_t n_neighs;
	struct static_route *routes; /* origin STATIC_FILE; arrays owned */
	size_t n_routes;
	struct {
		uint8_t protocol; /* rtm_protocol */
		uint32_t preference;
	} * preferences;
	size_t n_preferences;
	uint8_t rpf_ecmp;      /* enum net_ecmp */
	struct pim_config pim; /* without name, interfaces and SSM ranges */
	struct prefix *ssm;    /* SSM ranges of PIM, IGMP and MLD, if the file says so */
	size_t n_ssm;
	bool has_ssm;
	struct gmp_ssm_map *ssm_maps; /* of IGMP and MLD */
	size_t n_ssm_maps;
};

/* Reads and checks a file. 0; -ENOENT or -EACCES etc.; -EINVAL if it is wrong. err: all messages,
 * one a line, each "FILE:LINE: what is wrong and what to do" ("FILE: ..." when no line is to
 * blame); those that do not fit are counted in the last line. Nothing is returned unless 0. */
int conf_read(const char *path, struct conf **out, char *err, size_t err_cap);
void conf_free(struct conf *c);

/* The word for rpf_ecmp. */
const char *conf_ecmp_name(const struct conf *c);

void conf_stamp_set(struct conf_stamp *s, const struct stat *st);
bool conf_stamp_same(const struct conf_stamp *s, const struct stat *st);

/* What changed between two configurations, in the order in which to apply it. */
enum conf_change_kind {
	CONF_IF_DEL,
	CONF_PORT_DEL,
	CONF_PORT_ADD,
	CONF_PORT_MTU, /* only MTU or promiscuity changed: no restart of the port */
	CONF_IF_ADD,
	CONF_IF_CHANGE,
	CONF_RPF,    /* the whole list is to be applied again (mark and sweep) */
	CONF_NEIGHS, /* likewise */
	CONF_ROUTES, /* likewise: static_config with all routes */
	CONF_GMP,    /* anything of IGMP or MLD: the protocol compares for itself */
	CONF_PIM,    /* likewise */
	CONF_LOG,
	CONF_PREFERENCES,
	CONF_ECMP,
	CONF_POLICE,  /* of the router or of a port: all ports' are to be set again */
	CONF_RESTART, /* a setting that only a new start can change; name says which */
};

struct conf_change {
	enum conf_change_kind kind;
	size_t old_index, new_index; /* into ports or ifs of the old and new configuration */
	char name[64];
};

/* Array to free() in *out, its length returned; -ENOMEM. A port whose device, driver or queues
 * changed is DEL then ADD, and its interfaces stay (they lose their port meanwhile). */
ssize_t conf_diff(const struct conf *old, const struct conf *new_, struct conf_change **out);

/* The file that recreates c, as text. FILE is any stream. */
void conf_print(const struct conf *c, FILE *to);
/* One static route as a group of the file; used by conf_print and `show config`. */
void conf_print_route(const struct static_route *r, FILE *to);

/* What in a valid file has no effect or cannot work, a line each, "PATH: warning: ...". */
void conf_warn(const struct conf *c, FILE *to);

/* What the file says to the membership protocol, and to PIM. The array of interfaces is the caller's to
 * free, all else is c's. 0 or -ENOMEM. */
int conf_gmp(const struct conf *c, struct gmp_config *out);
int conf_pim(const struct conf *c, struct pim_config *out);

/* The limits that hold on a port: defaults, then the router's, then its own. */
void conf_police_of(const struct conf *c, const struct conf_port *port, struct dp_police *out);

/* A driver file of drivers-cfg: what its NICs need. */
struct conf_driver {
	char name[32], description[128];
	char devargs[256];             /* added behind the device */
	uint16_t rx_queues, tx_queues; /* largest useful; 0: no limit */
	uint16_t rx_desc, tx_desc;     /* 0: the driver's default */
	char bind[32];       /* kernel driver to bind to: "vfio-pci", "" none (mlx5, vdevs) */
	bool mbuf_fast_free; /* never set: shared buffers; kept for the reader's clear message */
	char offloads[256];  /* what the devices can take over */
	char tried[256];     /* what was tried */
};
/* dir: where the files are. -ENOENT: no such driver; err as above. */
int conf_driver_read(
	const char *dir, const char *name, struct conf_driver *out, char *err, size_t err_cap);
/* The driver file for a port that names none: name gets the file's name without .conf, "default"
 * if none of them matches the device (PCI address or vdev). 0; -ENOENT if dir cannot be read. */
int conf_driver_for_device(const char *dir, const char *device, char *name, size_t cap);

/* The device with the driver file's arguments behind its own, which win: a key that the device
 * gives is not added again. 0, or -ENAMETOOLONG. */
int conf_device_args(const char *device, const char *devargs, char *out, size_t cap);

/* Every key that the reader knows, as "interfaces.gre.ttl"; NULL behind the last. For completion
 * and for the test that compares them with the manual page. later: keys of protocols that this
 * version refuses by name. */
const char *conf_key_name(size_t index, char *buf, size_t cap, bool *later);
