/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Logging of the control lcore: who, what, old -> new, what to do. One line per call, to a sink
 * (stderr, syslog, a test). Never called by workers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARNING, LOG_LVL_NOTICE, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* Names in the file and the shell: "error" ... "debug". */
const char *log_level_name(enum log_level level);
/* 0 or -1. */
int log_level_parse(const char *s, enum log_level *out);

/* Process-wide: level that is printed, and where to. NULL sink: stderr with a time stamp. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg);

/* who: module, "netlink", "twin", "static". */
void log_msg(enum log_level level, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(who, ...) log_msg(LOG_LVL_ERROR, who, __VA_ARGS__)
#define log_warning(who, ...) log_msg(LOG_LVL_WARNING, who, __VA_ARGS__)
#define log_notice(who, ...) log_msg(LOG_LVL_NOTICE, who, __VA_ARGS__)
#define log_info(who, ...) log_msg(LOG_LVL_INFO, who, __VA_ARGS__)
#define log_debug(who, ...) log_msg(LOG_LVL_DEBUG, who, __VA_ARGS__)

/* For lines a remote can cause, one of these for each kind of line and interface: true LOG_RATE_BURST times, then
 * once per LOG_RATE_INTERVAL_US; counts the rest. Zeroed memory is a fresh one. */
#define LOG_RATE_BURST 3
#define LOG_RATE_INTERVAL_US 10000000
struct log_rate {
	uint64_t since_us;
	uint32_t used, suppressed; /* suppressed: since the last line */
};
bool log_rate_ok(struct log_rate *r, uint64_t now_us);
/* What stands at the end of the line that may be written again, "" or " (12 more since the last)"; they count as
 * said. buf is given back. */
#define LOG_MORE_LEN 48
const char *log_rate_more(struct log_rate *r, char buf[LOG_MORE_LEN]);
