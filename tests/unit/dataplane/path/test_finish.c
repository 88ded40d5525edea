/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Unfinished TCP and UDP checksums, checked with DPDK's own verification. No EAL.
 */
#include "dataplane/dp_priv.h"

#include <rte_ip.h>
#include <rte_udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PAYLOAD 21 /* odd, as the sum must take */

struct frame {
	struct rte_mbuf m;
	uint8_t bytes[256];
	struct rte_ipv4_hdr *ip;
	uint8_t *l4;
};

/* A frame as a veth delivers it: the checksum field holds the sum of the pseudo-header. */
static void frame_make(struct frame *f, uint8_t proto, bool tagged)
{
	uint32_t at = tagged ? 18 : 14, head = proto == 17 ? 8 : 20;
	uint16_t pseudo;

	memset(f, 0, sizeof(*f));
	f->m.buf_addr = f->bytes;
	f->m.nb_segs = 1;
	f->bytes[12] = tagged ? 0x81 : 0x08;
	if (tagged)
		f->bytes[16] = 0x08;
	f->ip = (struct rte_ipv4_hdr *)(f->bytes + at);
	f->ip->version_ihl = 0x45;
	f->ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + head + PAYLOAD));
	f->ip->next_proto_id = proto;
	f->ip->src_addr = rte_cpu_to_be_32(0x0a000001);
	f->ip->dst_addr = rte_cpu_to_be_32(0xef010101);
	f->l4 = f->bytes + at + 20;
	for (unsigned i = 0; i < head + PAYLOAD; i++)
		f->l4[i] = (uint8_t)(i * 37 + 11);
	if (proto == 17)
		((struct rte_udp_hdr *)f->l4)->dgram_len =
			rte_cpu_to_be_16((uint16_t)(head + PAYLOAD));
	pseudo = rte_ipv4_phdr_cksum(f->ip, 0);
	memcpy(f->l4 + (proto == 17 ? 6 : 16), &pseudo, 2);
	f->m.data_len = (uint16_t)(at + 20 + head + PAYLOAD);
	f->m.pkt_len = f->m.data_len;
}

/* Whether the field is what DPDK computes for the packet. */
static bool is_right(struct frame *f)
{
	uint8_t *field = f->l4 + (f->ip->next_proto_id == 17 ? 6 : 16);
	uint16_t have, want;

	memcpy(&have, field, 2);
	memset(field, 0, 2);
	want = rte_ipv4_udptcp_cksum(f->ip, f->l4);
	memcpy(field, &have, 2);
	return have == want;
}

static void unfinished_checksums_are_completed(void **state)
{
	static const uint8_t protos[] = {17, 6};
	struct frame f;

	for (unsigned i = 0; i < 4; i++) {
		frame_make(&f, protos[i & 1], i >= 2);
		assert_false(is_right(&f));
		frame_finish(&f.m);
		assert_true(is_right(&f));
	}
}

static void everything_else_is_left_alone(void **state)
{
	struct frame f, before;

	for (unsigned i = 0; i < 6; i++) {
		frame_make(&f, 17, false);
		if (i == 0)
			f.l4[6] ^= 1; /* wrong, but not unfinished */
		else if (i == 1)
			f.l4[6] = f.l4[7] = 0; /* none */
		else if (i == 2)
			f.ip->fragment_offset = rte_cpu_to_be_16(0x2000);
		else if (i == 3)
			f.ip->total_length = rte_cpu_to_be_16(200); /* beyond the frame */
		else if (i == 4)
			f.ip->next_proto_id = 47;
		else
			f.bytes[12] = 0x07;
		memcpy(&before, &f, sizeof(f));
		frame_finish(&f.m);
		assert_memory_equal(before.bytes, f.bytes, sizeof(f.bytes));
	}
}

static void every_truncation_is_survived(void **state)
{
	struct frame f;
	uint16_t whole;

	frame_make(&f, 6, true);
	whole = f.m.data_len;
	for (uint16_t n = 0; n < whole; n++) {
		struct frame cut = f;
		uint8_t *exact = malloc(n ? n : 1); /* a read beyond is seen under ASan */

		memcpy(exact, f.bytes, n);
		cut.m.buf_addr = exact;
		cut.m.data_len = n;
		frame_finish(&cut.m);
		assert_memory_equal(exact, f.bytes, n);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfinished_checksums_are_completed),
		cmocka_unit_test(everything_else_is_left_alone),
		cmocka_unit_test(every_truncation_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
