/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The frame of a probe's record as JSON: its headers in words, its first bytes in hex.
 */
#include "app/probe/decode.h"
#include "app/probe/trace.h"

static void put_hex(json_t *o, const char *key, const uint8_t *p, size_t n)
{
	char hex[2 * DP_PROBE_SNAP_MAX + 1];

	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
	put_value(o, key, json_stringn(hex, 2 * n));
}

static void put_ip_headers(json_t *o, const struct decode *d)
{
	json_t *list = put_array(o, "ip"), *p;

	for (unsigned i = 0; i < d->n_ip; i++) {
		p = add_object(list);
		put_ip(p, "source", &d->ip[i].src);
		put_ip(p, "destination", &d->ip[i].dst);
		put_number(p, "ttl", d->ip[i].ttl);
		put_number(p, "tos", d->ip[i].tos);
		put_number(p, "protocol", d->ip[i].protocol);
		put_number(p, "length", d->ip[i].length);
		put_number(p, "id", d->ip[i].id);
		put_number(p, "fragment_offset", d->ip[i].fragment_offset);
		put_bool(p, "more_fragments", d->ip[i].more_fragments);
	}
}

void trace_put_frame(json_t *to, const struct dp_probe_record *r)
{
	json_t *o, *vlans, *inner;
	struct decode d;
	char text[400];

	if (!r->n_bytes) {
		put_value(to, "frame", json_null());
		return;
	}
	o = put_object(to, "frame");
	decode_frame(r->bytes, r->n_bytes, &d);
	put_number(o, "length", r->frame_len);
	put_text(o, "text", decode_str(&d, text, sizeof(text)));
	put_mac(o, "destination_mac", d.dst_mac);
	put_mac(o, "source_mac", d.src_mac);
	vlans = put_array(o, "vlans");
	for (unsigned i = 0; i < d.n_vlans; i++)
		json_array_append_new(vlans, json_integer(d.vlans[i]));
	put_number(o, "ethertype", d.ethertype);
	put_ip_headers(o, &d);
	if (d.has_gre) {
		inner = put_object(o, "gre");
		put_value(inner, "key", d.gre_has_key ? json_integer(d.gre_key) : json_null());
		put_bool(inner, "checksum", d.gre_checksum);
	} else {
		put_value(o, "gre", json_null());
	}
	put_bool(o, "register", d.has_register);
	if (d.has_udp) {
		inner = put_object(o, "udp");
		put_number(inner, "source_port", d.src_port);
		put_number(inner, "destination_port", d.dst_port);
	} else {
		put_value(o, "udp", json_null());
	}
	put_number(o, "header_bytes", d.header_bytes);
	put_hex(o, "bytes", r->bytes, r->n_bytes);
}
