/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the shell: the words of `add route` and `del route` as the static protocol's request.
 */
#pragma once

#include "app/shell/command.h"
#include "control/static/static.h"

#define ADD_ROUTE_SYNTAX                                                                                          \
	"add route SOURCE GROUP {input {any|rpf|IF} | except EXCEPT | output {unicast ADDR | IF [unicast ADDR]} " \
	"[port UDPPORT | ttl TTL | dscp DSCP | source ADDR | preserve-source | ttl-threshold THRESHOLD]...}..."

/* Fills *out from matched words. 0, or -1 with a sentence in err. out->route is for static_route_fini. */
int route_words_add(const struct cmd_args *args, struct static_command *out, char *err, size_t cap);
/* SOURCE and GROUP only. */
int route_words_key(const struct cmd_args *args, struct dp_route_key *key, char *err, size_t cap);
