/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Slabs: chunks cut into pieces, free pieces in a list through themselves.
 */
#include "control/net/slab.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

struct chunk {
	struct chunk *next;
	uint64_t mem[];
};

void slab_init(struct slab *s, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
}

void slab_fini(struct slab *s)
{
	struct chunk *c = s->chunks;

	while (c) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
	s->chunks = NULL;
	s->free = NULL;
}

static int grow(struct slab *s)
{
	size_t n = (CHUNK_BYTES - sizeof(struct chunk)) / s->size;
	struct chunk *c = malloc(sizeof(*c) + n * s->size);

	if (!c)
		return -ENOMEM;
	c->next = s->chunks;
	s->chunks = c;
	/* Lowest address on top of the list: neighbours in time are neighbours in memory. */
	while (n-- > 0)
		slab_put(s, (uint8_t *)c->mem + n * s->size);
	return 0;
}

void *slab_get(struct slab *s)
{
	void *piece;

	if (!s->free && grow(s))
		return NULL;
	piece = s->free;
	memcpy(&s->free, piece, sizeof(s->free));
	memset(piece, 0, s->size);
	return piece;
}

void slab_put(struct slab *s, void *piece)
{
	memcpy(piece, &s->free, sizeof(s->free));
	s->free = piece;
}
