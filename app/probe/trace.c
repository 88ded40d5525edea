/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * trace: the command. It arms a probe, turns each story into JSON (trace_story.c), and answers when
 * enough packets have come, when its time is up, or when whoever asked has had enough.
 */
#include "app/probe/trace.h"

#include "app/shell/do.h"

#include <stdlib.h>
#include <string.h>

#define TRACE_MAX 64
#define TRACE_SNAP 256 /* all headers, and something of the payload */
#define TRACE_TIMEOUT_S 30

struct trace {
	struct cmd_wait wait;
	struct app *app;
	struct watch *watch;
	json_t *value, *packets;
	unsigned wanted, n;
};

/* Disarms and frees; value stays the caller's. */
static void trace_free(struct trace *t)
{
	if (t->watch)
		watch_end(t->watch);
	json_decref(t->value);
	free(t);
}

/* The answer: what has come until now. */
static void answer(struct trace *t, const char *ended)
{
	struct cmd_result r = {.cmd = t->wait.cmd, .value = json_incref(t->value)};
	struct cmd_wait wait = t->wait;

	put_text(t->value, "ended", ended);
	put_number(t->value, "elapsed_ms", watch_elapsed_ms(t->watch));
	put_number(t->value, "lost", watch_lost(t->watch));
	trace_free(t);
	wait.done(wait.arg, &r);
}

static void progress(const struct trace *t)
{
	char text[96];

	snprintf(text, sizeof(text), "%u of %u packet%s after %.0f s", t->n, t->wanted,
		t->wanted == 1 ? "" : "s", (double)watch_elapsed_ms(t->watch) / 1000);
	if (t->wait.progress)
		t->wait.progress(t->wait.arg, text);
}

static void on_story(void *arg, const struct story *s)
{
	struct trace *t = arg;
	json_t *o = trace_story(t->app, s);

	json_array_append_new(t->packets, o);
	if (++t->n >= t->wanted)
		answer(t, "complete");
}

static void on_tick(void *arg, bool time_is_up)
{
	if (time_is_up)
		answer(arg, "timeout");
	else
		progress(arg);
}

static void on_leave(void *arg)
{
	answer(arg, "shutdown");
}

static const struct watch_user user = {on_story, on_tick, on_leave};

static void cancel(struct cmd_wait *w)
{
	answer((struct trace *)w, "cancelled");
}

static void forget(struct cmd_wait *w)
{
	trace_free((struct trace *)w);
}

/* "*" is no prefix: any address of any family. */
static struct prefix flow_prefix(const char *word)
{
	struct prefix p;

	memset(&p, 0, sizeof(p));
	if (strcmp(word, "*") != 0)
		(void)!prefix_parse(word, &p);
	return p;
}

int flow_words(const struct cmd_args *args, struct dp_probe *probe, struct cmd_result *out)
{
	const char *src = cmd_arg(args, "SOURCE"), *grp = cmd_arg(args, "GROUPS");

	memset(probe, 0, sizeof(*probe));
	probe->src = flow_prefix(src);
	probe->grp = flow_prefix(grp);
	if (probe->src.addr.family == IP_NONE || probe->grp.addr.family == IP_NONE ||
		probe->src.addr.family == probe->grp.addr.family)
		return 0;
	cmd_fail(out,
		"%s and %s are of different families: name a source and a group of the same one",
		src, grp);
	return -1;
}

uint32_t number_word(const struct cmd_args *args, const char *kind, uint32_t otherwise)
{
	const char *word = cmd_arg(args, kind);

	return word ? (uint32_t)strtoul(word, NULL, 10) : otherwise;
}

static void trace_start(struct trace *t, struct app *app, const struct cmd_args *args,
	struct dp_probe *probe, struct cmd_result *out)
{
	uint32_t timeout = number_word(args, "SECONDS", TRACE_TIMEOUT_S);

	probe->what = DP_PROBE_INPUT | DP_PROBE_OUTPUT;
	probe->snaplen = TRACE_SNAP;
	probe->packets = t->wanted;
	t->app = app;
	t->value = json_object();
	put_text(t->value, "source", cmd_arg(args, "SOURCE"));
	put_text(t->value, "group", cmd_arg(args, "GROUPS"));
	put_number(t->value, "wanted", t->wanted);
	put_number(t->value, "timeout_s", timeout);
	t->packets = put_array(t->value, "packets");
	t->wait.cancel = cancel;
	t->wait.forget = forget;
	if (watch_new(&t->watch, app, probe, timeout, &user, t, out->error, sizeof(out->error))) {
		out->status = 1;
		trace_free(t);
		return;
	}
	out->wait = &t->wait;
}

static void trace(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	uint32_t wanted = number_word(args, "N", 1);
	struct dp_probe probe;
	struct trace *t;

	if (wanted < 1 || wanted > TRACE_MAX) {
		cmd_fail(out, "trace shows 1 to %d packets, not %u: use pcap for more", TRACE_MAX,
			wanted);
		return;
	}
	if (do_loading()) {
		cmd_fail(out,
			"trace waits for packets, which a file of commands cannot: type it, or use "
			"stargctl");
		return;
	}
	if (flow_words(args, &probe, out))
		return;
	t = calloc(1, sizeof(*t));
	if (!t) {
		cmd_fail(out, "no memory");
		return;
	}
	t->wanted = wanted;
	trace_start(t, app, args, &probe, out);
}

const struct cmd trace_cmds[] = {
	{"trace SOURCE GROUPS [N] [timeout SECONDS]",
		"the next packets of a flow, step by step: lookup, input, every copy, final reason",
		trace, trace_text},
	{NULL, NULL, NULL, NULL},
};
