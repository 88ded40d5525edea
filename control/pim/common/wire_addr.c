/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Encoded-Unicast, Encoded-Group and Encoded-Source addresses (RFC 7761 4.9.1), with Join attributes
 * behind a source (RFC 5384 3.4.1) read and passed over.
 */
#include "control/pim/common/wire_priv.h"

#define ATTRIBUTE_LAST 0x40 /* E bit */

/* The address itself, by its address family. */
static enum pim_drop read_address(struct reader *r, uint8_t af, struct ipaddr *out)
{
	size_t n = af == PIM_AF_IPV6 ? 16 : 4;
	const uint8_t *p;

	if (af != PIM_AF_IPV4 && af != PIM_AF_IPV6)
		return r->bad ? PIM_DROP_addr_truncated : PIM_DROP_addr_family;
	p = read_bytes(r, n);
	if (!p)
		return PIM_DROP_addr_truncated;
	*out = (struct ipaddr){.family = af == PIM_AF_IPV6 ? IP_V6 : IP_V4};
	memcpy(out->b, p, n);
	return PIM_OK;
}

enum pim_drop pim_read_unicast(struct reader *r, struct ipaddr *out)
{
	uint8_t af = read_u8(r), encoding = read_u8(r);

	if (!r->bad && encoding != PIM_ENCODING_NATIVE)
		return PIM_DROP_addr_encoding;
	return read_address(r, af, out);
}

enum pim_drop pim_read_group(
	struct reader *r, struct ipaddr *out, uint8_t *mask_len, uint8_t *flags)
{
	uint8_t af = read_u8(r), encoding = read_u8(r);
	enum pim_drop why;

	*flags = read_u8(r) & (PIM_GROUP_B | PIM_GROUP_Z);
	*mask_len = read_u8(r);
	if (!r->bad && encoding != PIM_ENCODING_NATIVE)
		return PIM_DROP_addr_encoding;
	why = read_address(r, af, out);
	if (why)
		return why;
	if (*mask_len > ip_bits(out))
		return PIM_DROP_mask_len;
	return ip_is_multicast(out) ? PIM_OK : PIM_DROP_group;
}

static enum pim_drop skip_attributes(struct reader *r)
{
	uint8_t head;

	do {
		head = read_u8(r);
		read_skip(r, read_u8(r));
	} while (!r->bad && !(head & ATTRIBUTE_LAST));
	return r->bad ? PIM_DROP_addr_truncated : PIM_OK;
}

enum pim_drop pim_read_source(struct reader *r, struct ipaddr *out, uint8_t *flags)
{
	uint8_t af = read_u8(r), encoding = read_u8(r), mask_len;
	enum pim_drop why;

	*flags = read_u8(r) & (PIM_SRC_S | PIM_SRC_W | PIM_SRC_R);
	mask_len = read_u8(r);
	if (!r->bad && encoding != PIM_ENCODING_NATIVE && encoding != PIM_ENCODING_ATTRIBUTES)
		return PIM_DROP_addr_encoding;
	why = read_address(r, af, out);
	if (why)
		return why;
	if (mask_len != ip_bits(out))
		return PIM_DROP_mask_len;
	return encoding == PIM_ENCODING_ATTRIBUTES ? skip_attributes(r) : PIM_OK;
}

/* --- writing ------------------------------------------------------------------------------------- */

static void write_head(struct writer *w, const struct ipaddr *a)
{
	write_u8(w, a->family == IP_V6 ? PIM_AF_IPV6 : PIM_AF_IPV4);
	write_u8(w, PIM_ENCODING_NATIVE);
}

void pim_write_unicast(struct writer *w, const struct ipaddr *a)
{
	write_head(w, a);
	write_bytes(w, a->b, ip_bytes(a));
}

void pim_write_group(struct writer *w, const struct ipaddr *grp)
{
	write_head(w, grp);
	write_u8(w, 0);
	write_u8(w, ip_bits(grp));
	write_bytes(w, grp->b, ip_bytes(grp));
}

void pim_write_source(struct writer *w, const struct ipaddr *src, uint8_t flags)
{
	write_head(w, src);
	write_u8(w, flags);
	write_u8(w, ip_bits(src));
	write_bytes(w, src->b, ip_bytes(src));
}
