/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Captures: packets of a flow from a probe into a file. app->pcaps lists those that run and the last ones
 * that have ended.
 */
#pragma once

#include "app/probe/trace.h"

#include <limits.h>

#define PCAP_MAX 1000000u            /* packets of a capture */
#define PCAP_BYTES_MAX (1024u << 20) /* of a file: it is ended then */
#define PCAP_SNAP 2048               /* bytes of a frame, unless told otherwise */
#define PCAP_TIMEOUT_S 300
#define PCAP_KEPT 8 /* captures that have ended and are still shown */

struct pcapng;
struct net_if;

struct pcap {
	struct cmd_wait wait; /* of the command, while somebody listens */
	bool listened;
	struct app *app;
	struct pcap *next;   /* older */
	struct watch *watch; /* NULL: ended */
	struct dp_probe probe;
	char path[PATH_MAX];
	char source[PREFIX_STRLEN], group[PREFIX_STRLEN], ifname[DP_IF_NAMELEN];
	FILE *f;
	struct pcapng *out;
	uint32_t wanted, timeout_s, packets;
	uint64_t frames, bytes;
	/* when it has ended */
	const char *ended;
	int error; /* errno of the file */
	uint64_t lost, elapsed_ms;
};

/* A new file at path, or one that is emptied (replace): a regular one that no link leads to. NULL: a
 * sentence in err. */
FILE *pcap_open(const char *path, bool replace, char *err, size_t cap);
/* Begins what is filled in but watch, out and what is counted. -1: a sentence in err; p is the caller's. */
int pcap_begin(struct pcap *p, char *err, size_t cap);
/* Ends it: the file is complete; whoever listens is told. */
void pcap_end(struct pcap *p, const char *why);
/* The running capture into the file at path, NULL: none. */
struct pcap *pcap_find(const struct app *app, const char *path);
/* Drops all: none runs any more. */
void pcaps_free(struct app *app);

/* p, which pcap_begin has not taken. */
void pcap_drop(struct pcap *p);

/* As show pcap shows it. */
json_t *pcap_value(const struct pcap *p);
