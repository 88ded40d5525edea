/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What the files of the wire format share.
 */
#pragma once

#include "control/pim/common/wire.h"

#define PIM_AF_IPV4 1 /* IANA address families */
#define PIM_AF_IPV6 2
#define PIM_ENCODING_NATIVE 0
#define PIM_ENCODING_ATTRIBUTES 1 /* RFC 5384: sources only */

#define PIM_GROUP_B 0x80
#define PIM_GROUP_Z 0x01

/* The sum of RFC 1071 over n bytes, added to sum; not yet folded. Whole pieces but the last have an
 * even number of bytes. */
uint32_t pim_sum(uint32_t sum, const uint8_t *p, size_t n);
/* The sum over an IPv6 pseudo-header (RFC 2460 8.1) for next header PIM; 0 for IPv4. */
uint32_t pim_sum_pseudo(const struct ipaddr *src, const struct ipaddr *dst, uint32_t len);
/* Folded and inverted: what goes on the wire; 0 for bytes that hold their own right checksum. */
uint16_t pim_sum_end(uint32_t sum);

/* A reader behind the PIM header. */
struct reader pim_body(const struct pim_packet *p);

/* Encoded addresses (4.9.1): structure only. Anything but PIM_OK leaves the reader anywhere. */
enum pim_drop pim_read_unicast(struct reader *r, struct ipaddr *out);
/* flags: PIM_GROUP_B, PIM_GROUP_Z. */
enum pim_drop pim_read_group(
	struct reader *r, struct ipaddr *out, uint8_t *mask_len, uint8_t *flags);
/* With encoding type 1, attributes are passed over. The mask length is full. */
enum pim_drop pim_read_source(struct reader *r, struct ipaddr *out, uint8_t *flags);

/* An address that can be a host's: of the family, not multicast, not loopback, not zero. */
bool pim_is_unicast(const struct ipaddr *a);
