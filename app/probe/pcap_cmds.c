/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * pcap, show pcap, stop pcap: the words, and what is shown.
 */
#include "app/probe/pcap.h"
#include "app/shell/do.h"
#include "app/shell/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- values ------------------------------------------------------------------------------------------- */

static const char *at_name(uint8_t what)
{
	if (what == DP_PROBE_INPUT)
		return "input";
	return what == DP_PROBE_OUTPUT ? "output" : "both";
}

json_t *pcap_value(const struct pcap *p)
{
	json_t *o = json_object();

	put_text(o, "file", p->path);
	put_text(o, "state", p->watch ? "running" : p->ended);
	put_text(o, "source", p->source);
	put_text(o, "group", p->group);
	put_text(o, "at", at_name(p->probe.what));
	put_text(o, "interface", p->ifname[0] ? p->ifname : NULL);
	put_number(o, "snaplen", p->probe.snaplen);
	put_number(o, "wanted", p->wanted);
	put_number(o, "timeout_s", p->timeout_s);
	put_number(o, "packets", p->packets);
	put_number(o, "frames", p->frames);
	put_number(o, "bytes", p->bytes);
	put_number(o, "lost", p->watch ? watch_lost(p->watch) : p->lost);
	put_number(o, "elapsed_ms", p->watch ? watch_elapsed_ms(p->watch) : p->elapsed_ms);
	put_text(o, "error", p->error ? strerror(p->error) : NULL);
	return o;
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void text_pcap(const json_t *o, FILE *to)
{
	if (strcmp(text_of(o, "state"), "running") == 0) {
		fprintf(to, "%s: waits for %lld packets: show pcap, stop pcap\n",
			text_of(o, "file"), number_of(o, "wanted"));
		return;
	}
	fprintf(to, "%s: %s: %lld of %lld packets, %lld frames, %lld bytes in %.1f s\n",
		text_of(o, "file"), text_of(o, "state"), number_of(o, "packets"),
		number_of(o, "wanted"), number_of(o, "frames"), number_of(o, "bytes"),
		(double)number_of(o, "elapsed_ms") / 1000);
	if (number_of(o, "lost"))
		fprintf(to,
			"%lld packets or copies came too fast to be recorded: a smaller snaplen, or "
			"at input, makes room for more\n",
			number_of(o, "lost"));
}

/* --- pcap --------------------------------------------------------------------------------------------- */

static void cancel(struct cmd_wait *w)
{
	pcap_end((struct pcap *)w, "cancelled");
}

/* Whoever asked has left: so the capture ends. */
static void forget(struct cmd_wait *w)
{
	struct pcap *p = (struct pcap *)w;

	p->listened = false;
	pcap_end(p, "cancelled");
}

static int interface_word(struct pcap *p, const struct cmd_args *args, struct cmd_result *out)
{
	const char *name = cmd_arg(args, "IF");
	const struct net_if *ifp = name ? net_if_find(p->app->net, name) : NULL;

	if (!name)
		return 0;
	if (!ifp) {
		cmd_fail(out, "no interface %s", name);
		return -1;
	}
	p->probe.ifid = ifp->id;
	snprintf(p->ifname, sizeof(p->ifname), "%s", name);
	return 0;
}

/* The words into p; -1: out has failed. */
static int take_words(struct pcap *p, const struct cmd_args *args, struct cmd_result *out)
{
	const char *path = cmd_arg(args, "FILE");

	if (flow_words(args, &p->probe, out) || interface_word(p, args, out))
		return -1;
	p->probe.what = cmd_has(args, "input")    ? DP_PROBE_INPUT
			: cmd_has(args, "output") ? DP_PROBE_OUTPUT
						  : DP_PROBE_INPUT | DP_PROBE_OUTPUT;
	p->probe.snaplen = (uint16_t)number_word(args, "BYTES", PCAP_SNAP);
	p->wanted = number_word(args, "N", 0);
	p->timeout_s = number_word(args, "SECONDS", PCAP_TIMEOUT_S);
	/* where some of the flow's packets leave nothing in the file, control counts */
	if (!p->probe.ifid && (p->probe.what & DP_PROBE_INPUT))
		p->probe.packets = p->wanted;
	snprintf(p->source, sizeof(p->source), "%s", cmd_arg(args, "SOURCE"));
	snprintf(p->group, sizeof(p->group), "%s", cmd_arg(args, "GROUPS"));
	if (p->wanted < 1 || p->wanted > PCAP_MAX) {
		cmd_fail(out, "a capture takes 1 to %u packets, not %s", PCAP_MAX,
			cmd_arg(args, "N"));
		return -1;
	}
	if ((size_t)snprintf(p->path, sizeof(p->path), "%s", path) >= sizeof(p->path)) {
		cmd_fail(out, "the path of the file is too long");
		return -1;
	}
	if (pcap_find(p->app, path)) {
		cmd_fail(out, "a capture into %s runs already: stop pcap %s ends it", path, path);
		return -1;
	}
	return 0;
}

static int begin(struct pcap *p, const struct cmd_args *args, struct cmd_result *out)
{
	if (take_words(p, args, out))
		return -1;
	p->f = pcap_open(p->path, cmd_has(args, "replace"), out->error, sizeof(out->error));
	if (p->f && pcap_begin(p, out->error, sizeof(out->error)) == 0)
		return 0;
	if (p->f && !cmd_has(args, "replace"))
		unlink(p->path);
	out->status = 1;
	return -1;
}

static void run_pcap(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	bool background = cmd_has(args, "background");
	struct pcap *p;

	if (do_loading() && !background) {
		cmd_fail(out,
			"pcap waits for packets, which a file of commands cannot: add `background`");
		return;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		cmd_fail(out, "no memory");
		return;
	}
	p->app = app;
	if (begin(p, args, out)) {
		pcap_drop(p);
		return;
	}
	if (background) {
		out->value = pcap_value(p);
		return;
	}
	p->listened = true;
	p->wait.cancel = cancel;
	p->wait.forget = forget;
	out->wait = &p->wait;
}

/* --- show and stop ------------------------------------------------------------------------------------ */

static void show_pcap(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	json_t *list;

	out->value = json_object();
	list = put_array(out->value, "captures");
	for (const struct pcap *p = app->pcaps; p; p = p->next)
		json_array_append_new(list, pcap_value(p));
}

static void text_show(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"File", "file"}, {"State", "state"},
		{"Source", "source"}, {"Group", "group"}, {"At", "at"}, {"Interface", "interface"},
		{"Wanted", "wanted"}, {"Packets", "packets"}, {"Frames", "frames"},
		{"Bytes", "bytes"}, {"Lost", "lost"}};

	text_table(json_object_get(value, "captures"), cols, COUNT_OF(cols), to);
}

static void stop_pcap(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	const char *path = cmd_arg(args, "FILE");
	json_t *list;

	out->value = json_object();
	list = put_array(out->value, "stopped");
	for (struct pcap *p = app->pcaps, *next; p; p = next) {
		next = p->next;
		if (!p->watch || (path && strcmp(p->path, path) != 0))
			continue;
		json_array_append_new(list, json_string(p->path));
		pcap_end(p, "stopped");
		next = app->pcaps; /* the list may be another one now */
	}
	if (json_array_size(list))
		return;
	if (path)
		cmd_fail(out, "no capture into %s runs: show pcap lists them", path);
	else
		cmd_fail(out, "no capture runs");
}

static void text_stop(const json_t *value, FILE *to)
{
	const json_t *list = json_object_get(value, "stopped"), *file;
	size_t i;

	json_array_foreach (list, i, file)
		fprintf(to, "%s: complete\n", json_string_value(file));
}

const struct cmd pcap_cmds[] = {
	{"pcap SOURCE GROUPS FILE N [at {input|output|both}] [interface IF] [snaplen BYTES] "
	 "[timeout SECONDS] [replace] [background]",
		"the next packets of a flow and their copies into a pcapng file", run_pcap,
		text_pcap},
	{"show pcap", "captures that run, and the last ones that have ended", show_pcap, text_show},
	{"stop pcap [FILE]", "ends captures; their files are complete then", stop_pcap, text_stop},
	{NULL, NULL, NULL, NULL},
};
