/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * router, control: settings of the whole router.
 */
#include "app/conf/conf_priv.h"

#include <unistd.h>

#define EAL_ARGS_MAX 64

static const char *const poll_words[] = {"auto", "busy", "adaptive", NULL};
static const char *const replicate_words[] = {"auto", "copy", "share", NULL};
static const char *const log_words[] = {"error", "warning", "notice", "info", "debug", NULL};

static void eal_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct conf_router *rt = obj;
	int n = config_setting_length(s);

	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		problem_add(r, line_of(s),
			"eal of %s must be a list of strings such as "
			"[ \"-l\", \"0-1\" ], not %s",
			what, type_name(s));
		return;
	}
	if (n > EAL_ARGS_MAX) {
		problem_add(r, line_of(s), "eal of %s has %d arguments: at most %d", what, n,
			EAL_ARGS_MAX);
		return;
	}
	rt->eal = reader_array(r, n + 1, sizeof(*rt->eal));
	for (int i = 0; rt->eal && i < n; i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *v = value_string(r, e, "eal", what, "\"-l\"");

		if (v && (!v[0] || strcmp(v, "--") == 0))
			problem_add(r, line_of(e), "eal of %s: \"%s\" is no EAL option: remove it",
				what, v);
		rt->eal[i] = strdup(v ? v : "");
		r->no_memory |= !rt->eal[i];
	}
}

static void eal_print(const void *obj, FILE *to)
{
	const struct conf_router *rt = obj;

	if (!rt->eal)
		return;
	fputs("eal = [ ", to);
	for (char **a = rt->eal; *a; a++) {
		string_print(*a, to);
		fputs(a[1] ? ", " : " ", to);
	}
	fputs("]; ", to);
}

static void police_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	police_group_read(r, s, what, &((struct conf_router *)obj)->police);
}

static void police_print(const void *obj, FILE *to)
{
	police_group_print(&((const struct conf_router *)obj)->police, to);
}

#define HOLD(member) KEY_FIELD(struct conf_hold, member)

static const struct conf_key hold_keys[] = {
	{"packets", KEY_UINT, HOLD(packets), .max = 64, .example = "16"},
	{"flows", KEY_UINT, HOLD(flows), .min = 1, .max = 4096, .example = "256"},
	{"time_ms", KEY_UINT, HOLD(time_ms), .min = 1, .max = 60000, .example = "500"},
};

const struct conf_group conf_group_hold = GROUP("router.hold", hold_keys);

static const struct conf_hold hold_defaults = {.packets = 64, .flows = 256, .time_ms = 500};

static void hold_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	char inner[WHAT_LEN];

	snprintf(inner, sizeof(inner), "hold of %s", what);
	group_read(r, s, &conf_group_hold, inner, &((struct conf_router *)obj)->hold);
}

static void hold_print(const void *obj, FILE *to)
{
	const struct conf_hold *h = &((const struct conf_router *)obj)->hold;

	if (memcmp(h, &hold_defaults, sizeof(*h)) == 0)
		return;
	fputs("hold: { ", to);
	group_print(&conf_group_hold, h, &hold_defaults, to);
	fputs("}; ", to);
}

#define ROUTER(member) KEY_FIELD(struct conf_router, member)

static const struct conf_key router_keys[] = {
	{"name", KEY_STRING, ROUTER(name), .min = 1, .example = "\"edge1\""},
	{"eal", KEY_OTHER, .example = "[ \"-l\", \"0-1\" ]", .read = eal_read, .print = eal_print},
	{"poll", KEY_WORD, ROUTER(poll), .words = poll_words, .example = "\"busy\""},
	{"workers", KEY_UINT, ROUTER(workers), .min = 0, .max = 63, .example = "1"},
	{"mbufs", KEY_UINT, ROUTER(mbufs), .min = 512, .max = 1u << 26, .example = "32768"},
	{"max_routes", KEY_UINT, ROUTER(max_routes), .min = 16, .max = 1u << 26,
		.example = "1048576"},
	{"max_oifs", KEY_UINT, ROUTER(max_oifs), .min = 16, .max = 1u << 26, .example = "65536"},
	{"mac", KEY_MAC, ROUTER(mac), .example = "\"02:00:00:00:00:01\""},
	{"log", KEY_WORD, ROUTER(log), .words = log_words, .example = "\"notice\""},
	{"upcall_rate", KEY_UINT, ROUTER(upcall_rate), .min = 1, .max = 10000000,
		.example = "1000"},
	{"police", KEY_OTHER, .example = "{ hello = 1000; }", .read = police_read,
		.print = police_print},
	{"hold", KEY_OTHER, .example = "{ packets = 16; flows = 256; time_ms = 500; }",
		.read = hold_read, .print = hold_print},
	{"replicate", KEY_WORD, ROUTER(replicate), .words = replicate_words, .example = "\"auto\""},
	{"huge", KEY_BOOL, ROUTER(huge), .example = "true"},
	{"telemetry", KEY_BOOL, ROUTER(telemetry), .example = "true"},
};

const struct conf_group conf_group_router = GROUP("router", router_keys);

void router_defaults(struct conf_router *rt)
{
	memset(rt, 0, sizeof(*rt));
	rt->poll = CONF_POLL_AUTO;
	rt->workers = -1;
	rt->mbufs = 32768;
	rt->max_routes = 1048576;
	rt->max_oifs = 65536;
	rt->log = LOG_LVL_NOTICE;
	rt->upcall_rate = 1000;
	rt->hold = hold_defaults;
	rt->huge = true;
	rt->telemetry = true;
}

void router_read(struct conf_reader *r, config_setting_t *s)
{
	struct conf_router *rt = &r->conf->router;

	router_defaults(rt);
	if (s && group_read(r, s, &conf_group_router, "router", rt))
		rt->has_mac = config_setting_get_member(s, "mac") != NULL;
	if (!rt->name[0] && (gethostname(rt->name, sizeof(rt->name) - 1) || !rt->name[0]))
		snprintf(rt->name, sizeof(rt->name), "starg");
}

static const struct conf_key control_keys[] = {
	{"socket", KEY_STRING, KEY_FIELD(struct conf_control, socket), .min = 1,
		.example = "\"/run/starg/stargd.sock\""},
};

const struct conf_group conf_group_control = GROUP("control", control_keys);

void control_defaults(struct conf_control *c)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->socket, sizeof(c->socket), "/run/starg/stargd.sock");
}

void control_read(struct conf_reader *r, config_setting_t *s)
{
	struct conf_control *c = &r->conf->control;

	control_defaults(c);
	if (!s || !group_read(r, s, &conf_group_control, "control", c))
		return;
	if (c->socket[0] != '/')
		problem_add(r, line_of(s),
			"socket of control must be a path from the root, such as %s",
			control_keys[0].example);
}
