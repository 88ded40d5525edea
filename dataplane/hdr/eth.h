/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Ethernet headers with at most one IEEE 802.1Q tag, and the MAC addresses of groups (RFC 1112 section
 * 6.4, RFC 2464 section 7). Two tags and service tags (802.1ad) are only recognised here: vlan.c reads
 * them.
 */
#pragma once

#include "csum.h"

#include <arpa/inet.h>
#include <stdbool.h>

#define ETH_LEN 14
#define ETH_TAG_LEN 4
#define ETH_MACS_LEN 12 /* destination and source */

#define ETH_TYPE_IP4 0x0800
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_IP6 0x86dd
#define ETH_TYPE_QINQ 0x88a8     /* service tag, 802.1ad */
#define ETH_TYPE_QINQ_OLD 0x9100 /* as some switches still write it */

struct eth_view {
	uint16_t type; /* EtherType behind the tag, host order */
	uint16_t vlan; /* 0 untagged or priority-tagged */
	uint8_t len;   /* 14 or 18 */
	bool tagged;
	bool stacked; /* another tag follows, or the only one is a service tag */
};

static inline bool eth_is_service_tag(uint16_t type)
{
	return type == ETH_TYPE_QINQ || type == ETH_TYPE_QINQ_OLD;
}

static inline bool eth_is_tag(uint16_t type)
{
	return type == ETH_TYPE_VLAN || eth_is_service_tag(type);
}

static inline uint16_t be16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline void put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

/* False if the frame ends inside its header. */
static inline bool eth_parse(const uint8_t *p, uint32_t avail, struct eth_view *v)
{
	if (avail < ETH_LEN)
		return false;
	v->type = be16(p + ETH_MACS_LEN);
	v->vlan = 0;
	v->len = ETH_LEN;
	v->tagged = false;
	v->stacked = eth_is_service_tag(v->type);
	if (__builtin_expect(v->type != ETH_TYPE_VLAN, 1))
		return true;
	if (avail < ETH_LEN + ETH_TAG_LEN)
		return false;
	v->vlan = be16(p + ETH_LEN) & 0xfff;
	v->type = be16(p + ETH_LEN + 2);
	v->len = ETH_LEN + ETH_TAG_LEN;
	v->tagged = true;
	v->stacked = eth_is_tag(v->type);
	return true;
}

static inline bool eth_is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

/* Both in one comparison each: six bytes are four and two. */
static inline bool eth_mac_eq(const uint8_t *a, const uint8_t *b)
{
	return ((load32(a) ^ load32(b)) | (uint32_t)(load16(a + 4) ^ load16(b + 4))) == 0;
}

/* Removes len bytes of tags of a frame that starts at p by moving the MACs up; the frame starts at the
 * returned address then. */
static inline uint8_t *eth_untag(uint8_t *p, unsigned len)
{
	memmove(p + len, p, ETH_MACS_LEN);
	return p + len;
}

/* 01:00:5e and the group's low 23 bits. */
static inline void eth_group_mac4(uint8_t mac[6], const uint8_t group[4])
{
	store32(mac, htonl(0x01005e00u | (group[1] & 0x7fu)));
	store16(mac + 4, load16(group + 2));
}

/* The same as the first six bytes of a word in memory, for writing them and what follows in one go. */
static inline uint64_t eth_group_word4(const uint8_t group[4])
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint64_t)(load32(group) >> 8 & 0xffff7fu) << 24 | 0x5e0001u;
#else
	return 0x01005e0000000000u | (uint64_t)(load32(group) & 0x7fffffu) << 16;
#endif
}

/* 33:33 and the group's low 32 bits. */
static inline void eth_group_mac6(uint8_t mac[6], const uint8_t group[16])
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, group + 12, 4);
}
