/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The links of the namespace by ifindex: which of them are our twins, and what app is told of the
 * others (a port may sit on one of them).
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/if.h>

/* Time for several interfaces that go down together to be dealt with in one go. */
#define FLUSH_DELAY_US 50000

static struct link **bucket(const struct kernel *k, int ifindex)
{
	return (struct link **)&k->links[(unsigned)ifindex % LINK_BUCKETS];
}

struct link *link_find(const struct kernel *k, int ifindex)
{
	struct link *link = *bucket(k, ifindex);

	while (link && link->ifindex != ifindex)
		link = link->next;
	return link;
}

struct link *link_find_name(const struct kernel *k, const char *name)
{
	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		for (struct link *link = k->links[i]; link; link = link->next) {
			if (!link->ours && strcmp(link->name, name) == 0)
				return link;
		}
	}
	return NULL;
}

struct link *link_get(struct kernel *k, int ifindex)
{
	struct link *link = link_find(k, ifindex);

	if (link)
		return link;
	link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->ifindex = ifindex;
	link->next = *bucket(k, ifindex);
	*bucket(k, ifindex) = link;
	return link;
}

void link_remove(struct kernel *k, struct link *link)
{
	struct link **at = bucket(k, link->ifindex);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	free(link);
}

bool link_carrier(uint32_t flags)
{
	return (flags & IFF_LOWER_UP) && (flags & IFF_RUNNING);
}

static void netdev_report(
	struct kernel *k, const char *name, int ifindex, bool present, bool carrier)
{
	if (k->env.netdev)
		k->env.netdev(k->env.arg, name, ifindex, present, carrier);
}

/* Somebody else's link. The callbacks may come back to us: link is not used after them. */
static void netdev_event(struct kernel *k, struct link *link, const struct nl_link *ev)
{
	bool fresh = link->name[0] == '\0';
	bool renamed = !fresh && ev->name[0] && strcmp(ev->name, link->name) != 0;
	bool changed = link_carrier(link->flags) != link_carrier(ev->flags);
	char old[DP_IF_NAMELEN];

	memcpy(old, link->name, sizeof(old));
	if (fresh || renamed)
		memcpy(link->name, ev->name, sizeof(link->name));
	link->flags = ev->flags;
	if (renamed)
		netdev_report(k, old, ev->ifindex, false, false);
	if (fresh || renamed || changed)
		netdev_report(k, ev->name, ev->ifindex, true, link_carrier(ev->flags));
}

void link_event(struct kernel *k, const struct nl_link *ev)
{
	struct link *link = link_find(k, ev->ifindex);

	if (!link && ev->name[0] == '\0')
		return;
	link = link ? link : link_get(k, ev->ifindex);
	if (!link)
		return;
	link->seen = true;
	/* The kernel drops the IPv4 routes of a link that is set down without a word. */
	if ((link->flags & IFF_UP) && !(ev->flags & IFF_UP))
		resync_request(k, FLUSH_DELAY_US);
	if (link->twin) {
		link->flags = ev->flags;
		twin_flags_event(link->twin, ev->flags);
	} else if (!link->ours) {
		netdev_event(k, link, ev);
	}
}

static void link_gone(struct kernel *k, struct link *link)
{
	struct link was = *link;

	if (was.twin)
		twin_lost(was.twin, "deleted, or moved to another namespace");
	link_remove(k, link);
	resync_request(k, FLUSH_DELAY_US);
	if (!was.ours)
		netdev_report(k, was.name, was.ifindex, false, false);
}

void link_gone_event(struct kernel *k, int ifindex)
{
	struct link *link = link_find(k, ifindex);

	if (link)
		link_gone(k, link);
}

void link_unsee_all(struct kernel *k)
{
	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		for (struct link *link = k->links[i]; link; link = link->next)
			link->seen = false;
	}
}

static struct link *link_unseen(const struct kernel *k)
{
	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		for (struct link *link = k->links[i]; link; link = link->next) {
			if (!link->seen)
				return link;
		}
	}
	return NULL;
}

void link_sweep(struct kernel *k)
{
	struct link *link;

	/* From the start each time: callbacks may change the table. */
	while ((link = link_unseen(k)))
		link_gone(k, link);
}
