/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The kinds of arguments: what each may be, and the live values that completion offers.
 */
#include "app/ports.h"
#include "app/shell/live.h"
#include "app/shell/value.h"
#include "dataplane/seam/probe.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* --- addresses ----------------------------------------------------------------------------------- */

static bool is_address(struct app *app, const char *word)
{
	struct ipaddr ip;

	return ip_parse(word, &ip) == 0;
}

static bool is_source(struct app *app, const char *word)
{
	struct ipaddr ip;

	return strcmp(word, "*") == 0 || (ip_parse(word, &ip) == 0 && !ip_is_multicast(&ip));
}

static bool is_group(struct app *app, const char *word)
{
	struct ipaddr ip;

	return ip_parse(word, &ip) == 0 && ip_is_multicast(&ip);
}

static bool is_source_prefix(struct app *app, const char *word)
{
	struct prefix p;

	return strcmp(word, "*") == 0 || (prefix_parse(word, &p) == 0 && !ip_is_multicast(&p.addr));
}

static bool is_except(struct app *app, const char *word)
{
	return strcmp(word, "*") != 0 && is_source_prefix(app, word);
}

static bool is_group_prefix(struct app *app, const char *word)
{
	struct prefix p;

	return prefix_parse(word, &p) == 0 && ip_is_multicast(&p.addr);
}

static bool is_any_groups(struct app *app, const char *word)
{
	return strcmp(word, "*") == 0 || is_group_prefix(app, word);
}

static void complete_any_groups(struct app *app, const char *prefix, json_t *to)
{
	live_group(app, prefix, to);
	cmd_candidate(to, prefix, "*", "any group");
}

/* --- names of things ------------------------------------------------------------------------------ */

static bool is_interface(struct app *app, const char *word)
{
	if (!app || !app->net)
		return strlen(word) > 0 && strlen(word) < DP_IF_NAMELEN;
	return net_if_find(app->net, word) != NULL;
}

static void complete_interface(struct app *app, const char *prefix, json_t *to)
{
	const struct net_if *ifp;

	if (!app || !app->net)
		return;
	for (ifp = net_if_next(app->net, 0); ifp; ifp = net_if_next(app->net, ifp->id))
		cmd_candidate(
			to, prefix, ifp->conf.name, ifp->up ? "interface, up" : "interface, down");
}

static bool is_port(struct app *app, const char *word)
{
	struct port_info info;

	if (!app || !app->ports)
		return strlen(word) > 0 && strlen(word) < CONF_NAMELEN;
	for (size_t i = 0; i < ports_count(app->ports); i++)
		if (ports_info(app->ports, i, &info) && strcmp(info.name, word) == 0)
			return true;
	return false;
}

static void complete_port(struct app *app, const char *prefix, json_t *to)
{
	struct port_info info;

	if (!app || !app->ports)
		return;
	for (size_t i = 0; i < ports_count(app->ports); i++)
		if (ports_info(app->ports, i, &info))
			cmd_candidate(to, prefix, info.name, info.device);
}

static bool is_level(struct app *app, const char *word)
{
	enum log_level level;

	return log_level_parse(word, &level) == 0;
}

static void complete_level(struct app *app, const char *prefix, json_t *to)
{
	for (int l = LOG_LVL_ERROR; l <= LOG_LVL_DEBUG; l++)
		cmd_candidate(to, prefix, log_level_name((enum log_level)l), "log level");
}

/* Files of the directory that prefix names so far. */
static void complete_file(struct app *app, const char *prefix, json_t *to)
{
	const char *slash = strrchr(prefix, '/');
	int dir_len = slash ? (int)(slash - prefix) + 1 : 0;
	char dir[1024], word[1536];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "%.*s", dir_len, prefix);
	d = opendir(dir_len ? dir : ".");
	if (!d)
		return;
	while ((e = readdir(d)) && json_array_size(to) < LIVE_MAX) {
		bool is_dir = e->d_type == DT_DIR;

		if (e->d_name[0] == '.' && (!slash || slash[1] != '.'))
			continue;
		snprintf(word, sizeof(word), "%s%s%s", dir, e->d_name, is_dir ? "/" : "");
		cmd_candidate(to, prefix, word, is_dir ? "directory" : "file");
	}
	closedir(d);
}

/* --- numbers -------------------------------------------------------------------------------------- */

static bool is_number_to(const char *word, unsigned long min, unsigned long max)
{
	size_t digits = strspn(word, "0123456789");
	unsigned long n = strtoul(word, NULL, 10);

	return digits > 0 && digits <= 10 && !word[digits] && n >= min && n <= max;
}

static bool is_number(struct app *app, const char *word)
{
	return is_number_to(word, 0, UINT32_MAX);
}

static bool is_udp_port(struct app *app, const char *word)
{
	return is_number_to(word, 0, 65535);
}

static bool is_ttl(struct app *app, const char *word)
{
	return is_number_to(word, 1, 255);
}

static bool is_dscp(struct app *app, const char *word)
{
	return is_number_to(word, 0, 63);
}

static bool is_seconds(struct app *app, const char *word)
{
	return is_number_to(word, 1, 86400);
}

static bool is_snaplen(struct app *app, const char *word)
{
	return is_number_to(word, DP_PROBE_SNAP_MIN, DP_PROBE_SNAP_MAX);
}

static bool is_threshold(struct app *app, const char *word)
{
	return is_number_to(word, 0, 255);
}

const struct cmd_kind cmd_kinds[] = {
	{"ADDR", "an IPv4 or IPv6 address, such as 10.0.0.1", is_address, live_address},
	{"COMMAND", "a command", NULL, NULL},
	{"DSCP", "a DSCP from 0 to 63, such as 46 for expedited forwarding", is_dscp, NULL},
	{"EXCEPT", "sources that the route does not hold for, such as 10.0.0.0/8 or 192.0.2.7",
		is_except, live_except},
	{"BYTES", "a number of bytes from 64 to 9728", is_snaplen, NULL},
	{"FILE", "path of a file", NULL, complete_file},
	{"GRP", "a multicast group, such as 239.1.1.1", is_group, live_group},
	{"GROUP", "a multicast group or a prefix of groups, such as 239.1.1.1 or 239.1.0.0/16",
		is_group_prefix, live_group},
	{"GROUPS", "a multicast group, a prefix of groups, or * for any", is_any_groups,
		complete_any_groups},
	{"IF", "name of an interface", is_interface, complete_interface},
	{"LEVEL", "a log level", is_level, complete_level},
	{"N", "a number", is_number, NULL},
	{"PORT", "name of a port", is_port, complete_port},
	{"SECONDS", "a number of seconds from 1 to 86400", is_seconds, NULL},
	{"SOURCE", "address of a sender, a prefix such as 10.0.0.0/8, or * for any",
		is_source_prefix, live_source},
	{"SRC", "address of a sender, such as 10.0.0.1, or * for any", is_source, live_source},
	{"THRESHOLD", "a TTL from 0 to 255: only packets above it leave", is_threshold, NULL},
	{"TTL", "a TTL from 1 to 255", is_ttl, NULL},
	{"UDPPORT", "a UDP port from 1 to 65535, or 0 to keep the packet's", is_udp_port, NULL},
};
const size_t cmd_n_kinds = COUNT_OF(cmd_kinds);
