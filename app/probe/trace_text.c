/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The answer of trace as a story to be read from top to bottom.
 */
#include "app/probe/trace.h"

#include <string.h>

#define MARGIN "             "
#define HEX_A_LINE 64 /* digits */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* The headers in words and in hex; the payload is left to pcap. */
static void text_frame(const json_t *frame, FILE *to)
{
	const char *hex = text_of(frame, "bytes");
	size_t n = strlen(hex), headers = 2 * (size_t)number_of(frame, "header_bytes");

	fprintf(to, MARGIN "%s\n", text_of(frame, "text"));
	if (n > headers && headers)
		n = headers;
	for (size_t i = 0; i < n; i += HEX_A_LINE)
		fprintf(to, MARGIN "%.*s\n", (int)(n - i < HEX_A_LINE ? n - i : HEX_A_LINE),
			hex + i);
}

static void text_packet(const json_t *p, size_t number, size_t of, FILE *to)
{
	const json_t *o;
	size_t i;

	fprintf(to, "packet %zu of %zu, %s\n", number, of, text_of(p, "time"));
	json_array_foreach (json_object_get(p, "steps"), i, o) {
		fprintf(to, "  %-10s %s\n", text_of(o, "step"), text_of(o, "text"));
		if (i == 0 && json_is_object(json_object_get(p, "frame")))
			text_frame(json_object_get(p, "frame"), to);
	}
	json_array_foreach (json_object_get(p, "outputs"), i, o) {
		fprintf(to, "  %-10s %s\n", "output", text_of(o, "text"));
		if (json_is_object(json_object_get(o, "frame")))
			text_frame(json_object_get(o, "frame"), to);
	}
	if (number_of(p, "outputs_lost"))
		fprintf(to, "  %-10s %lld more are not shown\n", "output",
			number_of(p, "outputs_lost"));
	fprintf(to, "  %-10s %s\n", "result", text_of(p, "result"));
}

void trace_text(const json_t *value, FILE *to)
{
	const json_t *list = json_object_get(value, "packets"), *p;
	const char *ended = text_of(value, "ended");
	size_t i, n = json_array_size(list);

	json_array_foreach (list, i, p)
		text_packet(p, i + 1, n, to);
	if (number_of(value, "lost"))
		fprintf(to, "%lld packets or outputs came too fast to be recorded\n",
			number_of(value, "lost"));
	if (strcmp(ended, "complete") == 0)
		return;
	fprintf(to, "%s: %zu of %lld packets of (%s, %s) came in %.1f s%s\n", ended, n,
		number_of(value, "wanted"), text_of(value, "source"), text_of(value, "group"),
		(double)number_of(value, "elapsed_ms") / 1000,
		n ? "" : "; explain tells what is known of the flow");
}
