/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Blocks of pcapng (draft-ietf-opsawg-pcapng): type, length, body, options, length again, all in multiples
 * of four bytes.
 */
#include "app/probe/pcapng.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };
enum { OPT_END = 0, OPT_COMMENT = 1 };
enum { OPT_SECTION_APPLICATION = 4 };
enum { OPT_IF_NAME = 2, OPT_IF_DESCRIPTION = 3, OPT_IF_TSRESOL = 9 };
enum { OPT_PACKET_FLAGS = 2, OPT_PACKET_QUEUE = 6 };
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
#define TSRESOL_NS 9
#define DIRECTION_IN 1u
#define DIRECTION_OUT 2u

struct pcapng {
	FILE *f;
	uint32_t snaplen;
	uint64_t bytes;
	unsigned n;
	uint32_t keys[PCAPNG_INTERFACES];
	/* the block that is being made */
	uint8_t *block;
	size_t len, cap;
};

/* --- blocks ------------------------------------------------------------------------------------------- */

/* n bytes and up to three zeros. Without memory len is beyond cap, and the block is not written. */
static void put(struct pcapng *p, const void *data, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;

	if (p->len + padded > p->cap) {
		size_t cap = 2 * (p->len + padded);
		uint8_t *grown = realloc(p->block, cap);

		if (!grown) {
			p->len = SIZE_MAX / 4;
			return;
		}
		p->block = grown;
		p->cap = cap;
	}
	memcpy(p->block + p->len, data, n);
	memset(p->block + p->len + n, 0, padded - n);
	p->len += padded;
}

static void put32(struct pcapng *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

static void put16x2(struct pcapng *p, uint16_t a, uint16_t b)
{
	const uint16_t v[2] = {a, b};

	put(p, v, sizeof(v));
}

static void put_option(struct pcapng *p, uint16_t code, const void *data, size_t n)
{
	put16x2(p, code, (uint16_t)n);
	put(p, data, n);
}

static void put_string(struct pcapng *p, uint16_t code, const char *text)
{
	if (text && *text)
		put_option(p, code, text, strnlen(text, UINT16_MAX));
}

static void block_begin(struct pcapng *p, uint32_t type)
{
	p->len = 0;
	put32(p, type);
	put32(p, 0); /* the length */
}

static void block_end(struct pcapng *p)
{
	uint32_t len;

	put16x2(p, OPT_END, 0);
	len = (uint32_t)p->len + sizeof(len);
	put32(p, len);
	if (p->len > p->cap)
		return; /* no memory for it */
	memcpy(p->block + sizeof(len), &len, sizeof(len));
	p->bytes += fwrite(p->block, 1, p->len, p->f);
}

/* --- the file ----------------------------------------------------------------------------------------- */

struct pcapng *pcapng_new(FILE *f, uint32_t snaplen, const char *application, const char *comment)
{
	struct pcapng *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->f = f;
	p->snaplen = snaplen;
	block_begin(p, BLOCK_SECTION);
	put32(p, BYTE_ORDER_MAGIC);
	put16x2(p, 1, 0); /* version 1.0 */
	put32(p, UINT32_MAX);
	put32(p, UINT32_MAX); /* a section of unknown length */
	put_string(p, OPT_SECTION_APPLICATION, application);
	put_string(p, OPT_COMMENT, comment);
	block_end(p);
	return p;
}

void pcapng_free(struct pcapng *p)
{
	if (!p)
		return;
	free(p->block);
	free(p);
}

unsigned pcapng_interface(struct pcapng *p, uint32_t key, const char *name, const char *description)
{
	const uint8_t resolution = TSRESOL_NS;

	for (unsigned i = 0; i < p->n; i++)
		if (p->keys[i] == key)
			return i;
	if (p->n == PCAPNG_INTERFACES)
		return p->n - 1;
	if (p->n == PCAPNG_INTERFACES - 1) {
		name = "other";
		description = NULL;
	}
	block_begin(p, BLOCK_INTERFACE);
	put16x2(p, LINKTYPE_ETHERNET, 0);
	put32(p, p->snaplen);
	put_string(p, OPT_IF_NAME, name);
	put_string(p, OPT_IF_DESCRIPTION, description);
	put_option(p, OPT_IF_TSRESOL, &resolution, sizeof(resolution));
	block_end(p);
	p->keys[p->n] = key;
	return p->n++;
}

void pcapng_write(struct pcapng *p, const struct pcapng_packet *k)
{
	uint32_t flags = k->out ? DIRECTION_OUT : DIRECTION_IN;

	block_begin(p, BLOCK_PACKET);
	put32(p, k->interface);
	put32(p, (uint32_t)(k->time_ns >> 32));
	put32(p, (uint32_t)k->time_ns);
	put32(p, k->n_bytes);
	put32(p, k->frame_len);
	put(p, k->bytes, k->n_bytes);
	put_option(p, OPT_PACKET_FLAGS, &flags, sizeof(flags));
	put_option(p, OPT_PACKET_QUEUE, &k->queue, sizeof(k->queue));
	for (unsigned i = 0; i < k->n_comments; i++)
		put_string(p, OPT_COMMENT, k->comments[i]);
	block_end(p);
}

uint64_t pcapng_bytes(const struct pcapng *p)
{
	return p->bytes;
}
