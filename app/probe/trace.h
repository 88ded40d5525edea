/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to trace and pcap: stories as JSON and as text, the words that both commands share.
 */
#pragma once

#include "app/probe/watch.h"
#include "app/shell/value.h"

/* A story as JSON: what trace shows of a packet. */
json_t *trace_story(const struct app *app, const struct story *s);
/* Under "frame": the record's bytes, null without any. */
void trace_put_frame(json_t *to, const struct dp_probe_record *r);
/* The answer of trace for a person. */
void trace_text(const json_t *value, FILE *to);

/* SOURCE and GROUPS of the command into a probe that is otherwise zero; -1: out has failed. */
int flow_words(const struct cmd_args *args, struct dp_probe *probe, struct cmd_result *out);
uint32_t number_word(const struct cmd_args *args, const char *kind, uint32_t otherwise);
/* Name of a port by DPDK's number; "#7" for one that is gone. Returns buf. */
const char *port_id_name(const struct app *app, uint16_t port_id, char *buf, size_t cap);
/* "2026-01-31T12:00:00.123456Z". Returns buf. */
const char *time_text(uint64_t time_ns, char *buf, size_t cap);
/* Why an output was not taken, in words with the numbers that matter. Returns buf. */
const char *output_why(const struct app *app, const struct story *s, const struct story_output *o,
	char *buf, size_t cap);
