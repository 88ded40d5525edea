/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Equal pieces of memory without a header each: a million routes are a million small objects, and
 * malloc's own bookkeeping would cost as much as they do. Pieces go back to the slab; its chunks go
 * back to the system when the whole slab ends.
 *
 * With an address sanitizer each piece is a malloc of its own, so that it finds what is used behind its end
 * or after it was put back.
 */
#pragma once

#include <stddef.h>
#include <sys/queue.h>

struct slab {
	size_t size; /* of a piece, bytes */
	void *free;  /* list through the first word of each */
	LIST_HEAD(, slab_chunk) chunks;
};

/* size: bytes of a piece. Nothing is allocated yet. */
void slab_init(struct slab *s, size_t size);
/* Frees all pieces at once. */
void slab_fini(struct slab *s);
/* A zeroed piece, or NULL. */
void *slab_get(struct slab *s);
void slab_put(struct slab *s, void *piece);
