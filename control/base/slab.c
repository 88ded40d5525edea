/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Slabs: chunks cut into pieces, free pieces in a list through themselves.
 */
#include "control/base/slab.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/base/hash.h"

#define CHUNK_BYTES 65536u

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define APART 1
#else
#define APART 0
#endif

struct slab_chunk {
	LIST_ENTRY(slab_chunk) link;
	uint64_t mem[];
};

void slab_init(struct slab *s, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	LIST_INIT(&s->chunks);
}

void slab_fini(struct slab *s)
{
	struct slab_chunk *c;

	while ((c = LIST_FIRST(&s->chunks))) {
		LIST_REMOVE(c, link);
		free(c);
	}
	s->free = NULL;
}

static struct slab_chunk *chunk_new(struct slab *s, size_t pieces)
{
	struct slab_chunk *c = malloc(sizeof(*c) + pieces * s->size);

	if (c)
		LIST_INSERT_HEAD(&s->chunks, c, link);
	return c;
}

static void list_put(struct slab *s, void *piece)
{
	memcpy(piece, &s->free, sizeof(s->free));
	s->free = piece;
}

static void *list_get(struct slab *s)
{
	void *piece = s->free;

	if (piece)
		memcpy(&s->free, piece, sizeof(s->free));
	return piece;
}

static void grow(struct slab *s)
{
	size_t n = (CHUNK_BYTES - sizeof(struct slab_chunk)) / s->size;
	struct slab_chunk *c = chunk_new(s, n);

	/* Lowest address on top of the list: neighbours in time are neighbours in memory. */
	while (c && n-- > 0)
		list_put(s, (uint8_t *)c->mem + n * s->size);
}

static void *apart_get(struct slab *s)
{
	struct slab_chunk *c = chunk_new(s, 1);

	return c ? c->mem : NULL;
}

static void apart_put(void *piece)
{
	struct slab_chunk *c = container_of(piece, struct slab_chunk, mem);

	LIST_REMOVE(c, link);
	free(c);
}

void *slab_get(struct slab *s)
{
	void *piece;

	if (!APART && !s->free)
		grow(s);
	piece = APART ? apart_get(s) : list_get(s);
	return piece ? memset(piece, 0, s->size) : NULL;
}

void slab_put(struct slab *s, void *piece)
{
	if (APART)
		apart_put(piece);
	else
		list_put(s, piece);
}
