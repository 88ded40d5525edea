/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Reading and writing wire formats without arithmetic at every place: a reader that runs off its end
 * gives zeros and remembers it, a writer that is full drops what does not fit and remembers it. The
 * caller asks once, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *p;
	size_t left;
	bool bad; /* more was asked for than there was */
};

static inline struct reader reader_of(const void *data, size_t len)
{
	return (struct reader){.p = data, .left = len};
}

/* The next n bytes, or NULL if there are fewer: then nothing is left. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->left) {
		r->bad = true;
		r->left = 0;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static inline void read_skip(struct reader *r, size_t n)
{
	read_bytes(r, n);
}

static inline uint8_t read_u8(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t read_u16(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t read_u32(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

struct writer {
	uint8_t *p;
	size_t cap, len;
	bool full; /* something did not fit; len counts what did */
};

static inline struct writer writer_of(void *buf, size_t cap)
{
	return (struct writer){.p = buf, .cap = cap};
}

/* Room for n bytes, or NULL if there is less: then nothing more fits. */
static inline uint8_t *write_room(struct writer *w, size_t n)
{
	uint8_t *p = w->p + w->len;

	if (w->full || n > w->cap - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += n;
	return p;
}

static inline void write_bytes(struct writer *w, const void *data, size_t n)
{
	uint8_t *p = write_room(w, n);

	if (p && n)
		memcpy(p, data, n);
}

static inline void write_u8(struct writer *w, uint8_t v)
{
	write_bytes(w, &v, 1);
}

static inline void write_u16(struct writer *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	write_bytes(w, b, 2);
}

static inline void write_u32(struct writer *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	write_bytes(w, b, 4);
}
