/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * JSON values as text for a person. Widths are counted in bytes: names of the router are ASCII.
 */
#include "app/shell/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32
#define TITLE_MAX 64

/* One value on one line: lists with commas, objects as key=value. */
static void write_cell(const json_t *v, FILE *to)
{
	const json_t *item;
	const char *key;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		i = 0;
		json_object_foreach ((json_t *)v, key, item) {
			fprintf(to, "%s%s=", i++ ? " " : "", key);
			write_cell(item, to);
		}
		return;
	case JSON_ARRAY:
		json_array_foreach (v, i, item) {
			fputs(i ? "," : "", to);
			write_cell(item, to);
		}
		if (!json_array_size(v))
			fputc('-', to);
		return;
	case JSON_STRING:
		fputs(json_string_length(v) ? json_string_value(v) : "-", to);
		return;
	case JSON_INTEGER:
		fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return;
	case JSON_REAL:
		fprintf(to, "%.1f", json_real_value(v));
		return;
	case JSON_TRUE:
		fputs("yes", to);
		return;
	case JSON_FALSE:
		fputs("no", to);
		return;
	case JSON_NULL:
		fputc('-', to);
		return;
	}
}

/* The cell's text, to be freed. */
static char *cell(const json_t *v)
{
	char *text = NULL, number[32];
	size_t len;
	FILE *f;

	/* most cells, without the cost of a stream */
	if (!v)
		return strdup("");
	if (json_is_string(v) && json_string_length(v))
		return strdup(json_string_value(v));
	if (json_is_integer(v)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return strdup(number);
	}
	f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	write_cell(v, f);
	fclose(f);
	return text;
}

/* "counters.packets" of a row. */
static const json_t *lookup(const json_t *row, const char *key)
{
	const char *dot = strchr(key, '.');
	char head[TITLE_MAX];

	if (!dot)
		return json_object_get(row, key);
	snprintf(head, sizeof(head), "%.*s", (int)(dot - key), key);
	return lookup(json_object_get(row, head), dot + 1);
}

struct grid {
	char **cells; /* rows times columns */
	size_t rows, cols;
	size_t width[COLUMNS_MAX];
	bool number[COLUMNS_MAX];
};

static bool grid_fill(struct grid *g, const json_t *rows, const struct text_column *cols)
{
	const json_t *row, *v;
	size_t r, len;

	bool word[COLUMNS_MAX] = {false};

	for (size_t c = 0; c < g->cols; c++)
		g->width[c] = strlen(cols[c].title);
	json_array_foreach (rows, r, row) {
		for (size_t c = 0; c < g->cols; c++) {
			char **to = &g->cells[r * g->cols + c];

			v = lookup(row, cols[c].key);
			*to = cell(v);
			if (!*to)
				return false;
			len = strlen(*to);
			if (len > g->width[c])
				g->width[c] = len;
			if (v && !json_is_null(v))
				*(json_is_number(v) ? &g->number[c] : &word[c]) = true;
		}
	}
	for (size_t c = 0; c < g->cols; c++)
		g->number[c] &= !word[c];
	return true;
}

static void grid_line(const struct grid *g, char *const *cells, FILE *to)
{
	for (size_t c = 0; c < g->cols; c++) {
		int width = (int)g->width[c];

		if (c + 1 == g->cols && !g->number[c])
			width = 0; /* no blanks at the end of a line */
		fprintf(to, "%s%*s", c ? "  " : "", g->number[c] ? width : -width, cells[c]);
	}
	fputc('\n', to);
}

void text_table(const json_t *rows, const struct text_column *cols, size_t n_cols, FILE *to)
{
	struct grid g = {.rows = json_array_size(rows), .cols = n_cols};
	char *titles[COLUMNS_MAX];

	if (n_cols > COLUMNS_MAX)
		g.cols = COLUMNS_MAX;
	g.cells = calloc(g.rows * g.cols + 1, sizeof(*g.cells));
	if (g.cells && grid_fill(&g, rows, cols)) {
		for (size_t c = 0; c < g.cols; c++)
			titles[c] = (char *)cols[c].title;
		grid_line(&g, titles, to);
		for (size_t r = 0; r < g.rows; r++)
			grid_line(&g, g.cells + r * g.cols, to);
	}
	for (size_t i = 0; g.cells && i < g.rows * g.cols; i++)
		free(g.cells[i]);
	free(g.cells);
}

/* rx_packets -> RxPackets. */
static void title_of(const char *key, char *buf, size_t cap)
{
	bool upper = true;
	size_t n = 0;

	for (; *key && n + 1 < cap; key++) {
		if (*key == '_') {
			upper = true;
			continue;
		}
		buf[n++] = upper ? (char)toupper((unsigned char)*key) : *key;
		upper = false;
	}
	buf[n] = '\0';
}

/* A table with a column for each key of the first row. */
static void generic_table(const json_t *rows, FILE *to)
{
	struct text_column cols[COLUMNS_MAX];
	char titles[COLUMNS_MAX][TITLE_MAX];
	const json_t *v;
	const char *key;
	size_t n = 0;

	json_object_foreach (json_array_get(rows, 0), key, v) {
		if (n == COLUMNS_MAX)
			break;
		title_of(key, titles[n], sizeof(titles[n]));
		cols[n] = (struct text_column){titles[n], key};
		n++;
	}
	text_table(rows, cols, n, to);
}

static bool is_table(const json_t *v)
{
	return json_is_array(v) && json_is_object(json_array_get(v, 0));
}

static void write_object(const json_t *o, unsigned indent, FILE *to)
{
	const json_t *v;
	const char *key;
	size_t width = 0;

	json_object_foreach ((json_t *)o, key, v)
		if (!is_table(v) && !json_is_object(v) && strlen(key) > width)
			width = strlen(key);
	json_object_foreach ((json_t *)o, key, v) {
		fprintf(to, "%*s%s:", (int)indent, "", key);
		if (is_table(v)) {
			fputc('\n', to);
			generic_table(v, to);
		} else if (json_is_object(v)) {
			fputc('\n', to);
			write_object(v, indent + 2, to);
		} else {
			fprintf(to, "%*s ", (int)(width - strlen(key)), "");
			write_cell(v, to);
			fputc('\n', to);
		}
	}
}

void text_value(const json_t *value, FILE *to)
{
	const json_t *item;
	size_t i;

	if (is_table(value)) {
		generic_table(value, to);
	} else if (json_is_object(value)) {
		write_object(value, 0, to);
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, item) {
			write_cell(item, to);
			fputc('\n', to);
		}
	} else if (value) {
		write_cell(value, to);
		fputc('\n', to);
	}
}

const char *text_duration(json_int_t seconds, char *buf, size_t cap)
{
	long long s = seconds < 0 ? 0 : seconds;

	if (s < 86400)
		snprintf(buf, cap, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(buf, cap, "%lldd%02lldh%02lldm", s / 86400, s / 3600 % 24, s / 60 % 60);
	return buf;
}

/* Members of rows that are ages and delays rather than settings. */
static bool is_age(const char *key)
{
	static const char *const keys[] = {"uptime_s", "expires_s", "querier_s", "next_query_s",
		"next_hello_s", "join_s", "keepalive_s", "stop_s"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

void text_timed_table(const json_t *rows, const struct text_column *cols, size_t n_cols, FILE *to)
{
	json_t *timed = json_array(), *row;
	const json_t *r, *v;
	char buf[32];
	size_t i;

	json_array_foreach (rows, i, r) {
		row = json_copy((json_t *)r);
		for (size_t c = 0; c < n_cols; c++) {
			v = json_object_get(r, cols[c].key);
			if (json_is_number(v) && is_age(cols[c].key))
				json_object_set_new(row, cols[c].key,
					json_string(text_duration((json_int_t)json_number_value(v),
						buf, sizeof(buf))));
		}
		json_array_append_new(timed, row);
	}
	text_table(timed, cols, n_cols, to);
	json_decref(timed);
}
