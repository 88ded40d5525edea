/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The three netlink sockets: subscription, dumps, requests (netlink(7)).
 *
 * Requests and dumps are synchronous: the kernel works on them within the call that sends them, so
 * the answer is there when we come to read it. The timeout is for a kernel that is broken.
 */
#include "control/kernel/kernel_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#define EVENTS_RCVBUF_BYTES (16 << 20)
#define ANSWER_TIMEOUT_S 5

static const int subscribed[] = {
	RTNLGRP_LINK,
	RTNLGRP_IPV4_IFADDR,
	RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE,
	RTNLGRP_NEIGH,
	RTNLGRP_IPV4_NETCONF,
	RTNLGRP_NEXTHOP,
};

static int events_open(struct kernel *k)
{
	k->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!k->events || mnl_socket_bind(k->events, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	nl_rcvbuf_set(k, EVENTS_RCVBUF_BYTES);
	for (size_t i = 0; i < sizeof(subscribed) / sizeof(subscribed[0]); i++) {
		int group = subscribed[i];

		/* An old kernel lacks the last ones; they only make us quicker. */
		if (mnl_socket_setsockopt(
			    k->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) &&
			group <= RTNLGRP_IPV6_ROUTE)
			return -errno;
	}
	return 0;
}

static int answers_open(struct mnl_socket **out)
{
	struct timeval tv = {.tv_sec = ANSWER_TIMEOUT_S};
	int on = 1;

	*out = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!*out || mnl_socket_bind(*out, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	if (setsockopt(mnl_socket_get_fd(*out), SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		return -errno;
	/* Errors without the request repeated in them. */
	mnl_socket_setsockopt(*out, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

int nl_open(struct kernel *k, char *err, size_t err_cap)
{
	int rc = events_open(k);

	if (rc == 0)
		rc = answers_open(&k->dumps);
	if (rc == 0)
		rc = answers_open(&k->requests);
	if (rc)
		snprintf(err, err_cap,
			"netlink: cannot open a routing socket: %s; allow AF_NETLINK sockets "
			"(RestrictAddressFamilies=, seccomp), or give every interface "
			"exception = \"none\"",
			strerror(-rc));
	return rc;
}

void nl_close(struct kernel *k)
{
	struct mnl_socket *all[] = {k->events, k->dumps, k->requests};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i])
			mnl_socket_close(all[i]);
	}
	k->events = k->dumps = k->requests = NULL;
}

int nl_rcvbuf_set(struct kernel *k, int bytes)
{
	int fd = mnl_socket_get_fd(k->events);

	/* Above net.core.rmem_max only with CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ? -errno : 0;
}

/* One datagram of the kernel: its length, or -errno; -EBADMSG for what did not fit or came from
 * another process. */
static ssize_t receive(const struct mnl_socket *nl, void *buf, size_t cap)
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = cap};
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	do {
		n = recvmsg(mnl_socket_get_fd(nl), &msg, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((msg.msg_flags & MSG_TRUNC) || from.nl_pid != 0)
		return -EBADMSG;
	return n;
}

int nl_events_read(struct kernel *k, nl_message_fn *fn)
{
	ssize_t n = receive(k->events, k->events_buf, NL_BUF_BYTES);
	const struct nlmsghdr *nlh = (const void *)k->events_buf;
	int left = (int)n;

	if (n == -EAGAIN)
		return 0;
	if (n == -EBADMSG)
		return 1;
	if (n < 0)
		return (int)n;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		fn(k, nlh);
	return 1;
}

/* --- dumps ------------------------------------------------------------------------------------ */

struct dump {
	uint32_t seq;
	nl_message_fn *fn;
	bool interrupted;
	bool done;
	int rc; /* once done */
};

static void dump_message(struct kernel *k, struct dump *d, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != d->seq) /* of an earlier dump that timed out */
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		d->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
		d->done = true;
		d->rc = nl_parse_error(nlh);
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE) {
		d->fn(k, nlh);
	}
}

static int dump_receive(struct kernel *k, struct dump *d)
{
	while (!d->done) {
		const struct nlmsghdr *nlh = (const void *)k->dumps_buf;
		ssize_t n = receive(k->dumps, k->dumps_buf, NL_BUF_BYTES);
		int left = (int)n;

		if (n < 0)
			return (int)n;
		for (; !d->done && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			dump_message(k, d, nlh);
	}
	return d->rc ? d->rc : d->interrupted ? -EINTR : 0;
}

int nl_dump(struct kernel *k, uint16_t type, uint8_t family, nl_message_fn *fn)
{
	/* The longest of the headers; without strict checking the kernel reads the family only. */
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg body;
	} req = {
		.nlh = {.nlmsg_len = sizeof(req),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++k->seq},
		.body = {.ifi_family = family},
	};
	struct dump d = {.seq = req.nlh.nlmsg_seq, .fn = fn};

	if (mnl_socket_sendto(k->dumps, &req, sizeof(req)) < 0)
		return -errno;
	return dump_receive(k, &d);
}

/* --- requests ------------------------------------------------------------------------------------ */

static int request_receive(struct kernel *k, uint32_t seq,
	void (*reply)(void *arg, const struct nlmsghdr *nlh), void *arg)
{
	uint8_t buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		const struct nlmsghdr *nlh = (const void *)buf;
		ssize_t n = receive(k->requests, buf, sizeof(buf));
		int left = (int)n;

		if (n < 0)
			return (int)n;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return nl_parse_error(nlh);
			if (reply)
				reply(arg, nlh);
		}
	}
}

int nl_request(struct kernel *k, struct nlmsghdr *nlh,
	void (*reply)(void *arg, const struct nlmsghdr *nlh), void *arg)
{
	int rc;

	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++k->seq;
	if (mnl_socket_sendto(k->requests, nlh, nlh->nlmsg_len) < 0)
		rc = -errno;
	else
		rc = request_receive(k, nlh->nlmsg_seq, reply, arg);
	if (rc)
		k->stats.refused++;
	return rc;
}
