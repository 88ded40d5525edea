/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Hello (RFC 7761 4.9.2). A known option with a wrong length breaks the message; an unknown one is passed
 * over. Some routers send one Address List for each family: those of the other family are passed over,
 * as 4.9.5 has it for Join/Prune.
 */
#include "control/pim/common/wire_priv.h"

struct option {
	uint16_t type, len;
	const uint8_t *value; /* NULL: none, or beyond the message */
};

/* False at the end. One that is cut short leaves r->bad. */
static bool option_next(struct reader *r, struct option *o)
{
	if (r->left == 0)
		return false;
	o->type = read_u16(r);
	o->len = read_u16(r);
	o->value = read_bytes(r, o->len);
	return !r->bad;
}

static enum pim_drop check_list(struct pim_hello *h, const struct option *o)
{
	struct reader r = reader_of(o->value, o->len);
	struct ipaddr a;
	enum pim_drop why;

	while (r.left > 0) {
		why = pim_read_unicast(&r, &a);
		if (why)
			return why;
		if (a.family != h->family)
			h->foreign++;
	}
	return PIM_OK;
}

static enum pim_drop take_option(struct pim_hello *h, const struct option *o)
{
	struct reader r = reader_of(o->value, o->len);
	size_t want = o->len;
	uint16_t delay;

	switch (o->type) {
	case PIM_OPT_HOLDTIME:
		want = 2;
		h->has |= PIM_HAS_HOLDTIME;
		h->holdtime_s = read_u16(&r);
		break;
	case PIM_OPT_LAN_PRUNE_DELAY:
		want = 4;
		h->has |= PIM_HAS_LAN_PRUNE_DELAY;
		delay = read_u16(&r);
		h->tracking_support = delay >> 15;
		h->propagation_delay_ms = delay & 0x7fff;
		h->override_interval_ms = read_u16(&r);
		break;
	case PIM_OPT_DR_PRIORITY:
		want = 4;
		h->has |= PIM_HAS_DR_PRIORITY;
		h->dr_priority = read_u32(&r);
		break;
	case PIM_OPT_GENID:
		want = 4;
		h->has |= PIM_HAS_GENID;
		h->genid = read_u32(&r);
		break;
	case PIM_OPT_ADDRESS_LIST:
		h->has |= PIM_HAS_ADDRESS_LIST;
		return check_list(h, o);
	case PIM_OPT_JOIN_ATTRIBUTE:
		want = 0;
		h->has |= PIM_HAS_JOIN_ATTRIBUTE;
		break;
	default:
		h->unknown_options++;
		break;
	}
	return o->len == want ? PIM_OK : PIM_DROP_option_length;
}

enum pim_drop pim_hello_open(const struct pim_packet *p, struct pim_hello *h)
{
	struct reader r = pim_body(p);
	struct option o;
	enum pim_drop why;

	*h = (struct pim_hello){.options = r, .family = p->src.family};
	while (option_next(&r, &o)) {
		why = take_option(h, &o);
		if (why)
			return why;
	}
	return r.bad ? PIM_DROP_option_truncated : PIM_OK;
}

bool pim_hello_addr_next(const struct pim_hello *h, struct pim_hello_addrs *it, struct ipaddr *out)
{
	struct option o;

	if (!it->begun) {
		it->options = h->options;
		it->begun = true;
	}
	for (;;) {
		while (it->list.left > 0)
			if (!pim_read_unicast(&it->list, out) && out->family == h->family)
				return true;
		if (!option_next(&it->options, &o))
			return false;
		if (o.type == PIM_OPT_ADDRESS_LIST)
			it->list = reader_of(o.value, o.len);
	}
}

/* --- writing ------------------------------------------------------------------------------------- */

static void option_head(struct writer *w, enum pim_hello_option type, size_t len)
{
	write_u16(w, (uint16_t)type);
	write_u16(w, (uint16_t)len);
}

static void write_options(struct writer *w, const struct pim_hello *h)
{
	if (h->has & PIM_HAS_HOLDTIME) {
		option_head(w, PIM_OPT_HOLDTIME, 2);
		write_u16(w, h->holdtime_s);
	}
	if (h->has & PIM_HAS_LAN_PRUNE_DELAY) {
		option_head(w, PIM_OPT_LAN_PRUNE_DELAY, 4);
		write_u16(w, (uint16_t)((h->tracking_support ? 0x8000u : 0) |
					(h->propagation_delay_ms & 0x7fffu)));
		write_u16(w, h->override_interval_ms);
	}
	if (h->has & PIM_HAS_DR_PRIORITY) {
		option_head(w, PIM_OPT_DR_PRIORITY, 4);
		write_u32(w, h->dr_priority);
	}
	if (h->has & PIM_HAS_GENID) {
		option_head(w, PIM_OPT_GENID, 4);
		write_u32(w, h->genid);
	}
	if (h->has & PIM_HAS_JOIN_ATTRIBUTE)
		option_head(w, PIM_OPT_JOIN_ATTRIBUTE, 0);
}

size_t pim_hello_write(void *buf, size_t cap, const struct ipaddr *src, const struct pim_hello *h,
	const struct ipaddr *secondary, size_t n)
{
	struct ipaddr all = pim_all_routers(src->family);
	struct pim_msg m;

	pim_msg_begin(&m, buf, cap, PIM_HELLO, src, &all);
	write_options(&m.w, h);
	if (n > 0)
		option_head(&m.w, PIM_OPT_ADDRESS_LIST, n * (2u + ip_bytes(src)));
	for (size_t i = 0; i < n; i++)
		pim_write_unicast(&m.w, &secondary[i]);
	return pim_msg_end(&m);
}
