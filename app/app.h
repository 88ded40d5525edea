/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The running router as the composition root sees it: everyone's handles in one place, for main.c,
 * the shell's handlers and the control socket. Nobody below app includes this.
 */
#pragma once

#include "app/conf/conf.h"
#include "control/kernel/kernel.h"
#include "control/run/runner.h"
#include "dataplane/seam/dp.h"

#include <event2/event.h>

struct ports;
struct api;
struct dataplane;
struct loop;
struct terminal;
struct telemetry;
struct watch;
struct pcap;

struct app {
	struct conf *conf; /* in force */
	struct dp dp;      /* the seam */
	struct net *net;
	struct tib *tib;
	struct runner *runner;
	struct kernel *kernel; /* NULL when no interface has a twin */
	struct ports *ports;
	struct dataplane *dataplane;
	struct api *api;
	struct telemetry *telemetry; /* NULL: router.telemetry = false, or --no-telemetry */
	char **eal_given;            /* EAL arguments of the command line, NULL: none */
	char runtime_dir[256];       /* EAL's; its last part is the file prefix */
	struct watch *watches;       /* armed probes (app/probe/watch.h) */
	struct pcap *pcaps;          /* captures, the newest first (app/probe/pcap.h) */
	struct event_base *loop;
	struct loop *loop_self;
	uint16_t static_number, gmp_number, pim_number; /* the runner's, of these protocols */
	uint64_t started_us;
	uint64_t wait_until_us;       /* the start waits for another stargd until then, 0 not yet */
	bool workers_run;             /* `start`, `stop`: forwarding on or off */
	bool shared;                  /* no worker lcores: the control lcore forwards too */
	bool busy;                    /* poll = "busy": never sleeps */
	char twin_error[CONF_ERRLEN]; /* first twin that could not be made, "" none */
	bool booted;                  /* the first configuration is in force */
	bool stopping;
};

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t app_now_us(void);

/* Applies what differs between the file and what runs. 0; -EINVAL and nothing changed: err says
 * what is wrong, one message a line. summary: what was done, a line. */
int app_reload(struct app *app, char *summary, size_t summary_cap, char *err, size_t err_cap);
/* Forwarding on or off (`start`, `stop`): workers are parked, ports stay. */
int app_start(struct app *app);
int app_stop(struct app *app);
/* Ends the loop in order. */
void app_quit(struct app *app);
