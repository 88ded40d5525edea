/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A writer of pcapng files: one section, interfaces as they are first seen, packets with direction, queue
 * and comments. Times are in nanoseconds. Numbers are in this machine's byte order, which the section header
 * tells.
 *
 * DPDK 22.11's rte_pcapng writes one interface for each port under the port's name, and no comments: a
 * capture has several interfaces (VLANs) on a port, and says why a packet was dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCAPNG_INTERFACES 512 /* of a file */
#define PCAPNG_COMMENTS 8     /* of a packet */
#define PCAPNG_COMMENT_MAX 256

struct pcapng;

struct pcapng_packet {
	unsigned interface; /* of pcapng_interface */
	bool out;           /* sent, not received */
	uint32_t queue;
	uint64_t time_ns;   /* since 1970 */
	uint32_t frame_len; /* of the frame; bytes: its first n_bytes */
	uint32_t n_bytes;
	const uint8_t *bytes;
	unsigned n_comments;
	char comments[PCAPNG_COMMENTS][PCAPNG_COMMENT_MAX];
};

/* Begins a section in f, which stays the caller's; errors are found by ferror(f). comment may be NULL.
 * NULL: no memory. */
struct pcapng *pcapng_new(FILE *f, uint32_t snaplen, const char *application, const char *comment);
void pcapng_free(struct pcapng *p);
/* The number of the Ethernet interface that key stands for, described to the file at its first use. Beyond
 * PCAPNG_INTERFACES all others are one, named "other". */
unsigned pcapng_interface(
	struct pcapng *p, uint32_t key, const char *name, const char *description);
void pcapng_write(struct pcapng *p, const struct pcapng_packet *packet);
uint64_t pcapng_bytes(const struct pcapng *p); /* written so far */
