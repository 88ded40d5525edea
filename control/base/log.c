/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * One line a call, to a sink. Level and sink are the process's, the only such state in control.
 */
#include "control/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINE_MAX_BYTES 1024

static const char *const level_names[] = {
	[LOG_LVL_ERROR] = "error",
	[LOG_LVL_WARNING] = "warning",
	[LOG_LVL_NOTICE] = "notice",
	[LOG_LVL_INFO] = "info",
	[LOG_LVL_DEBUG] = "debug",
};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

static struct {
	enum log_level level;
	void (*sink)(enum log_level level, const char *line, void *arg);
	void *arg;
} log_state = {.level = LOG_LVL_NOTICE};

const char *log_level_name(enum log_level level)
{
	return (unsigned)level < LEVELS ? level_names[level] : "?";
}

int log_level_parse(const char *s, enum log_level *out)
{
	for (unsigned i = 0; i < LEVELS; i++)
		if (strcasecmp(s, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	return -1;
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_get_level(void)
{
	return log_state.level;
}

void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg)
{
	log_state.sink = sink;
	log_state.arg = arg;
}

/* "2026-01-31 12:00:00.123 warning netlink: ..." */
static void to_stderr(enum log_level level, const char *line)
{
	struct timespec ts;
	struct tm tm;
	char when[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(stderr, "%s.%03ld %s %s\n", when, ts.tv_nsec / 1000000, log_level_name(level),
		line);
}

/* Names and texts may come from a remote: a line stays one line. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

void log_msg(enum log_level level, const char *who, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	int at, n;
	va_list ap;

	if (level > log_state.level)
		return;
	at = snprintf(line, sizeof(line), "%.64s: ", who);
	va_start(ap, fmt);
	n = vsnprintf(line + at, sizeof(line) - at, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line) - at)
		memcpy(line + sizeof(line) - 4, "...", 4);
	clean(line);
	if (log_state.sink)
		log_state.sink(level, line, log_state.arg);
	else
		to_stderr(level, line);
}

bool log_rate_ok(struct log_rate *r, uint64_t now_us)
{
	uint64_t passed = (now_us - r->since_us) / LOG_RATE_INTERVAL_US;

	r->used = passed < r->used ? r->used - (uint32_t)passed : 0;
	r->since_us = r->used ? r->since_us + passed * LOG_RATE_INTERVAL_US : now_us;
	if (r->used < LOG_RATE_BURST) {
		r->used++;
		return true;
	}
	r->suppressed++;
	return false;
}

const char *log_rate_more(struct log_rate *r, char buf[LOG_MORE_LEN])
{
	buf[0] = '\0';
	if (r->suppressed)
		snprintf(buf, LOG_MORE_LEN, " (%u more since the last)", r->suppressed);
	r->suppressed = 0;
	return buf;
}
