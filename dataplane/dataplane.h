/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The DPDK data plane as the composition root sees it: make it, give it ports, run its workers,
 * and hand its seam (struct dp) to control.
 */
#pragma once

#include "dataplane/seam/dp.h"

struct dataplane;

#define DATAPLANE_WORKERS_MAX 64

/* Packets of flows without route that a worker keeps until control answers; packets or flows 0: none. */
struct dataplane_hold {
	uint32_t packets; /* of a flow, at most 64 */
	uint32_t flows;
	uint32_t time_ms;
};

/* How the copies of a packet get their bytes; what is sent is the same. */
enum dataplane_replicate {
	DATAPLANE_REPLICATE_AUTO,  /* as measured: short packets are copied, long ones shared */
	DATAPLANE_REPLICATE_COPY,  /* a whole buffer for each copy */
	DATAPLANE_REPLICATE_SHARE, /* by reference whatever can be */
};

/* Bytes of a small buffer: room for headers to be put in front, and three times 64. */
#define DATAPLANE_SMALL_BYTES 320

struct dataplane_conf {
	uint32_t mbufs; /* buffers in the one pool */
	uint32_t
		small_mbufs; /* besides, of DATAPLANE_SMALL_BYTES, for copies of short packets; 0: none */
	uint16_t mtu_max; /* of the ports, for the size of a buffer: dataplane_buf_bytes */
	uint32_t max_routes, max_oifs;
	uint32_t upcall_rate; /* upcalls a second and worker for NOCACHE and WRONGVIF */
	struct dataplane_hold hold;
	enum dataplane_replicate replicate;
	bool adaptive;      /* workers sleep when idle */
	unsigned n_workers; /* worker lcores; 0: one worker that runs on the control lcore */
	unsigned lcores[DATAPLANE_WORKERS_MAX]; /* EAL ids of the worker lcores */
	int socket;                             /* NUMA socket of the pool and tables, -1 any */
	int wake_fd; /* eventfd written when an upcall ring turns non-empty and control sleeps */
};

/* Bytes of a packet buffer where the largest MTU of a port is mtu: a frame fits in one, for not every port
 * takes chains. Beyond jumbo frames it would be waste; such frames are chains. */
uint32_t dataplane_buf_bytes(uint16_t mtu);

/* EAL must be initialised. -ENOMEM with a sentence in err that says how many bytes were asked for and
 * what to do. */
int dataplane_new(
	struct dataplane **out, const struct dataplane_conf *conf, char *err, size_t err_cap);
void dataplane_free(struct dataplane *d); /* workers must be stopped */
struct dp dataplane_seam(struct dataplane *d);
struct rte_mempool *dataplane_pool(struct dataplane *d);
unsigned dataplane_workers(const struct dataplane *d); /* at least 1 */

/* A configured and started port joins the workers' list: queues beyond the workers' number stay
 * unused, a worker beyond the TX queues hands packets to the owner. */
struct dataplane_port {
	uint16_t port_id;
	uint16_t rx_queues, tx_queues;
	bool multi_segs;    /* the port sends chained buffers */
	bool control_queue; /* one more receive queue, number rx_queues, is polled before all others */
	bool marks;         /* packets may carry marks that name their route (flow.h) */
	bool unfinished; /* above a kernel netdev: TCP and UDP checksums may be left to be finished */
	bool own_pool;   /* the driver copies what is in another pool than dataplane_pool */
	uint8_t mac[6];
	int wake_fd; /* readable while a frame waits in the one receive queue; 0: nothing says so */
};
int dataplane_port_add(struct dataplane *d, const struct dataplane_port *p);
/* Leaves the list. The port may be stopped once dataplane_port_idle says true (all workers have
 * passed a quiescent point since; reclaim drives it). */
void dataplane_port_del(struct dataplane *d, uint16_t port_id);
bool dataplane_port_idle(struct dataplane *d, uint16_t port_id);

/* Launches the workers on their lcores; stop returns when they have left. Both may be repeated. */
int dataplane_start(struct dataplane *d);
void dataplane_stop(struct dataplane *d);
/* The worker on the control lcore, if there is one (n_workers 0): one round; true if it had work.
 * With worker lcores: false at once. */
bool dataplane_poll(struct dataplane *d);
/* The sleep of that worker, when it and control are idle: for us, or until a frame comes in at a port that has
 * a wake_fd. */
void dataplane_wait(struct dataplane *d, uint32_t us);
/* Whether all ports have one: then a sleep costs no frame any time. */
bool dataplane_wakes(const struct dataplane *d);
/* Control is about to sleep (true) or awake (false). Returns false if something is waiting already:
 * then do not sleep. */
bool dataplane_control_sleeps(struct dataplane *d, bool sleeps);
