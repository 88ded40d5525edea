/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * A capture's life: it arms a probe, writes each story's frames, and ends when there are enough packets,
 * when the file has become too large or cannot be written, when its time is up, or when somebody says so.
 */
#include "app/probe/pcap.h"
#include "app/probe/pcapng.h"
#include "app/shell/version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- frames ------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void comment(
	struct pcapng_packet *k, const char *fmt, ...)
{
	va_list ap;

	if (k->n_comments == PCAPNG_COMMENTS)
		return;
	va_start(ap, fmt);
	vsnprintf(k->comments[k->n_comments++], PCAPNG_COMMENT_MAX, fmt, ap);
	va_end(ap);
}

static void write_frame(struct pcap *p, const struct dp_probe_record *r, uint16_t ifid,
	uint16_t port, struct pcapng_packet *k)
{
	char name[CONF_NAMELEN], port_text[CONF_NAMELEN];

	port_id_name(p->app, port, port_text, sizeof(port_text));
	if (ifid)
		ifid_name(p->app, ifid, name, sizeof(name));
	else
		snprintf(name, sizeof(name), "%s", port_text);
	k->interface = pcapng_interface(p->out, (uint32_t)port << 16 | ifid, name, port_text);
	k->time_ns = r->time_ns;
	k->frame_len = r->frame_len;
	k->n_bytes = r->n_bytes;
	k->bytes = r->bytes;
	pcapng_write(p->out, k);
	p->frames++;
}

/* Why outputs did not take a packet is said of the packet as it came in. */
static void comment_outputs(const struct pcap *p, const struct story *s, struct pcapng_packet *k)
{
	char why[160], name[DP_IF_NAMELEN];

	for (uint32_t i = 0; i < s->n_outputs; i++) {
		const struct story_output *o = &s->outputs[i];
		enum drop_reason reason = (enum drop_reason)o->rec->output.reason;

		if (o->rec->kind != DP_PROBE_NO_COPY || reason >= DROP_COUNT)
			continue;
		comment(k, "%s: not sent: %s: %s",
			o->rec->output.ifid
				? ifid_name(p->app, o->rec->output.ifid, name, sizeof(name))
				: "unicast",
			drop_name(reason), output_why(p->app, s, o, why, sizeof(why)));
	}
}

static void write_input(struct pcap *p, const struct story *s)
{
	const struct dp_probe_packet *d = &s->packet->packet;
	struct pcapng_packet k = {.queue = d->queue};
	enum drop_reason reason = (enum drop_reason)story_reason(s);

	if (reason < DROP_COUNT)
		comment(&k, "dropped: %s: %s", drop_name(reason), drop_text(reason));
	else if (d->verdict == DP_FATE_HELD)
		comment(&k, "held until there is a route");
	comment_outputs(p, s, &k);
	write_frame(p, s->packet, d->outer_ifid, d->port, &k);
}

static void write_output(struct pcap *p, const struct story_output *o)
{
	const struct dp_probe_output *d = &o->rec->output;
	enum drop_reason reason = (enum drop_reason)o->tx_reason;
	struct pcapng_packet k = {.out = true, .queue = d->queue};

	if (reason < DROP_COUNT)
		comment(&k, "not sent: %s: %s", drop_name(reason), drop_text(reason));
	write_frame(p, o->rec, d->out_ifid, d->port, &k);
}

/* --- the probe's user --------------------------------------------------------------------------------- */

static void on_story(void *arg, const struct story *s)
{
	struct pcap *p = arg;
	uint64_t before = p->frames;

	errno = 0;
	if (s->packet->n_bytes)
		write_input(p, s);
	for (uint32_t i = 0; i < s->n_outputs; i++)
		if (s->outputs[i].rec->kind == DP_PROBE_COPY)
			write_output(p, &s->outputs[i]);
	p->packets += p->frames != before;
	p->bytes = pcapng_bytes(p->out);
	if (ferror(p->f)) {
		p->error = errno ? errno : EIO;
		pcap_end(p, "error");
	} else if (p->packets >= p->wanted) {
		pcap_end(p, "complete");
	} else if (p->bytes >= PCAP_BYTES_MAX) {
		pcap_end(p, "size");
	}
}

static void on_tick(void *arg, bool time_is_up)
{
	struct pcap *p = arg;
	char text[128];

	if (time_is_up) {
		pcap_end(p, "timeout");
		return;
	}
	if (fflush(p->f)) {
		p->error = errno;
		pcap_end(p, "error");
		return;
	}
	snprintf(text, sizeof(text), "%u of %u packets, %llu frames, %llu bytes after %.0f s",
		p->packets, p->wanted, (unsigned long long)p->frames, (unsigned long long)p->bytes,
		(double)watch_elapsed_ms(p->watch) / 1000);
	if (p->listened && p->wait.progress)
		p->wait.progress(p->wait.arg, text);
}

static void on_leave(void *arg)
{
	pcap_end(arg, "shutdown");
}

static const struct watch_user user = {on_story, on_tick, on_leave};

/* --- beginning and end -------------------------------------------------------------------------------- */

int pcap_begin(struct pcap *p, char *err, size_t cap)
{
	static const char *const at[] = {[DP_PROBE_INPUT] = "input",
		[DP_PROBE_OUTPUT] = "output",
		[DP_PROBE_INPUT | DP_PROBE_OUTPUT] = "both"};
	char about[400];

	snprintf(about, sizeof(about), "packets of (%s, %s) at %s%s%s", p->source, p->group,
		at[p->probe.what], p->ifname[0] ? " of interface " : "", p->ifname);
	p->out = pcapng_new(p->f, p->probe.snaplen, "starg " STARG_VERSION, about);
	if (!p->out) {
		snprintf(err, cap, "no memory");
		return -1;
	}
	if (fflush(p->f)) {
		snprintf(err, cap, "%s: cannot be written: %s", p->path, strerror(errno));
		return -1;
	}
	if (watch_new(&p->watch, p->app, &p->probe, p->timeout_s, &user, p, err, cap))
		return -1;
	p->bytes = pcapng_bytes(p->out);
	p->next = p->app->pcaps;
	p->app->pcaps = p;
	return 0;
}

void pcap_drop(struct pcap *p)
{
	pcapng_free(p->out);
	if (p->f)
		fclose(p->f);
	free(p);
}

/* Keeps the last ones that have ended. */
static void forget_old(struct app *app)
{
	struct pcap **at = &app->pcaps, *p;
	unsigned kept = 0;

	while ((p = *at)) {
		if (p->watch || kept++ < PCAP_KEPT) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		pcap_drop(p);
	}
}

static void answer(struct pcap *p)
{
	struct cmd_result r = {.cmd = p->wait.cmd};

	if (!p->listened)
		return;
	p->listened = false;
	if (p->error)
		cmd_fail(&r,
			"%s: cannot be written: %s; %u packets are in it: make room, or name "
			"another directory",
			p->path, strerror(p->error), p->packets);
	else
		r.value = pcap_value(p);
	p->wait.done(p->wait.arg, &r);
}

void pcap_end(struct pcap *p, const char *why)
{
	struct app *app = p->app;

	p->lost = watch_lost(p->watch);
	p->elapsed_ms = watch_elapsed_ms(p->watch);
	watch_end(p->watch);
	p->watch = NULL;
	pcapng_free(p->out);
	p->out = NULL;
	errno = 0;
	if ((ferror(p->f) | fclose(p->f)) && !p->error)
		p->error = errno ? errno : EIO;
	p->f = NULL;
	p->ended = p->error ? "error" : why;
	log_info("pcap", "%s: %s: %u packets, %llu frames, %llu bytes%s%s", p->path, p->ended,
		p->packets, (unsigned long long)p->frames, (unsigned long long)p->bytes,
		p->error ? ": " : "", p->error ? strerror(p->error) : "");
	answer(p);
	forget_old(app);
}

struct pcap *pcap_find(const struct app *app, const char *path)
{
	for (struct pcap *p = app->pcaps; p; p = p->next)
		if (p->watch && strcmp(p->path, path) == 0)
			return p;
	return NULL;
}

void pcaps_free(struct app *app)
{
	struct pcap *p;

	while ((p = app->pcaps)) {
		app->pcaps = p->next;
		pcap_drop(p);
	}
}
