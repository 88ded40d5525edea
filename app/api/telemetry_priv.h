/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to telemetry: a question to its answer, in the shape and size that DPDK can send.
 *
 * DPDK 22.11 sends 16 KB at most and leaves out, without a word, what does not fit. It knows no
 * null, no true, no fraction, and no list of objects within an object. So an answer is built as
 * JSON of that poorer shape, measured, and cut into pages:
 *   null               the member is absent
 *   true, false        1, 0
 *   1.5, -2^40         "1.5", a string
 *   [ {...}, {...} ]   { "0": {...}, "1": {...} }
 *   a list too long    the number of its elements
 *   a string           at most 127 bytes, without control characters
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;

#define TELEMETRY_BYTES_MAX 16000 /* of 16,384: the endpoint's own name surrounds the answer */
#define TELEMETRY_MEMBERS_MAX 256 /* of an object, as RTE_TEL_MAX_DICT_ENTRIES */
#define TELEMETRY_ITEMS_MAX 512   /* of a list, as RTE_TEL_MAX_ARRAY_ENTRIES */
#define TELEMETRY_STRING_MAX 127  /* bytes, as RTE_TEL_MAX_STRING_LEN without its NUL */

/* --- telemetry_shape.c ------------------------------------------------------------------------- */

/* A value in that shape; a new reference, NULL without memory. */
json_t *telemetry_shape(const json_t *value);
/* Bytes of the value as DPDK writes it. */
size_t telemetry_size(const json_t *value);

struct telemetry_page {
	uint64_t offset;
	uint32_t limit;
};

/* An object of `show` in that shape, with the part of its longest list of objects that begins at
 * offset and fits: members "total" and, if more is left, "next". Where one element alone is too
 * large, its own lists are replaced by their lengths. An object without such a list stays whole.
 * A new reference. */
json_t *telemetry_page(const json_t *value, const struct telemetry_page *page);
/* {"error": text} */
json_t *telemetry_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- telemetry_ask.c: on control's lcore ---------------------------------------------------------- */

struct telemetry_endpoint {
	const char *name;   /* "/starg/routes" */
	const char *params; /* "[OFFSET[,LIMIT]]" */
	const char *help;   /* one line, below 64 bytes with params */
	json_t *(*answer)(struct app *app, const char *command, char **params, unsigned n);
	const char *command; /* of the shell, for the answer function */
};

extern const struct telemetry_endpoint telemetry_endpoints[];
extern const size_t telemetry_n_endpoints;

/* The answer to an endpoint with its parameters (may be NULL) as DPDK hands them over; always one
 * that fits. NULL: no memory. */
json_t *telemetry_answer(struct app *app, const char *name, const char *params);

/* --- telemetry_route.c ----------------------------------------------------------------------------- */

json_t *telemetry_routes(struct app *app, const char *command, char **params, unsigned n);
json_t *telemetry_route(struct app *app, const char *command, char **params, unsigned n);
json_t *telemetry_oifs(struct app *app, const char *command, char **params, unsigned n);
/* Reads [OFFSET[,LIMIT]] from params[at] on; NULL: good, else an error to give back. */
json_t *telemetry_page_read(char **params, unsigned n, unsigned at, struct telemetry_page *page);

/* --- telemetry_data.c ------------------------------------------------------------------------------- */

struct rte_tel_data;

/* Fills DPDK's structure from an object of that shape. 0 or -errno. */
int telemetry_fill(struct rte_tel_data *d, const json_t *value);
