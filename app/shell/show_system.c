/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show drop, worker, memory, config, version: the router itself.
 */
#include "app/shell/running.h"
#include "app/shell/text.h"
#include "app/shell/value.h"
#include "app/shell/version.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- show drop ------------------------------------------------------------------------------------ */

static void sum_drops(struct app *app, uint64_t drops[DROP_COUNT])
{
	struct dp_worker_info w;

	memset(drops, 0, DROP_COUNT * sizeof(*drops));
	for (uint32_t i = 0; app->dp.ops->worker_info(app->dp.ctx, i, &w) == 0; i++)
		for (unsigned r = 0; r < DROP_COUNT; r++)
			drops[r] += w.drops[r];
}

static void show_drop(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	uint64_t drops[DROP_COUNT];
	json_t *list, *o;

	sum_drops(app, drops);
	out->value = json_object();
	list = put_array(out->value, "drops");
	for (unsigned r = 0; r < DROP_COUNT; r++) {
		if (!drops[r] && !cmd_has(args, "all"))
			continue;
		o = add_object(list);
		put_text(o, "reason", drop_name((enum drop_reason)r));
		put_number(o, "packets", drops[r]);
		put_text(o, "text", drop_text((enum drop_reason)r));
	}
}

static void text_drop(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {
		{"Reason", "reason"}, {"Packets", "packets"}, {"Meaning", "text"}};
	const json_t *list = json_object_get(value, "drops");

	if (json_array_size(list))
		text_table(list, cols, COUNT_OF(cols), to);
	else
		fputs("nothing was dropped\n", to);
}

/* --- show worker ---------------------------------------------------------------------------------- */

static const char *const stage_names[DP_STAGES] = {[DP_STAGE_RX] = "rx",
	[DP_STAGE_CLASSIFY] = "classify",
	[DP_STAGE_DECAP] = "decap",
	[DP_STAGE_LOOKUP] = "lookup",
	[DP_STAGE_REPLICATE] = "replicate",
	[DP_STAGE_REWRITE] = "rewrite",
	[DP_STAGE_TX] = "tx"};

static const char *const upcall_names[DP_UPCALL_KINDS] = {[DP_UPCALL_NOCACHE] = "nocache",
	[DP_UPCALL_WRONGVIF] = "wrongvif",
	[DP_UPCALL_DATA] = "data"};

static void put_worker(json_t *list, uint32_t index, const struct dp_worker_info *w)
{
	json_t *o = add_object(list), *stages, *upcalls, *s;
	uint64_t dropped = 0;

	for (unsigned r = 0; r < DROP_COUNT; r++)
		dropped += w->drops[r];
	put_number(o, "index", index);
	put_number(o, "lcore", w->lcore);
	put_value(o, "cpu", json_integer(w->cpu));
	put_bool(o, "shared", w->shared);
	put_bool(o, "running", w->running);
	put_number(o, "rounds", w->rounds);
	put_number(o, "busy_rounds", w->busy_rounds);
	put_number(o, "sleeps", w->sleeps);
	put_number(o, "rx_packets", w->rx_packets);
	put_number(o, "tx_packets", w->tx_packets);
	put_number(o, "dropped", dropped);
	stages = put_array(o, "stages");
	for (unsigned i = 0; i < DP_STAGES; i++) {
		s = add_object(stages);
		put_text(s, "stage", stage_names[i]);
		put_number(s, "packets", w->packets[i]);
		put_number(s, "cycles", w->cycles[i]);
		put_real(s, "cycles_per_packet",
			w->packets[i] ? (double)w->cycles[i] / (double)w->packets[i] : 0);
	}
	upcalls = put_array(o, "upcalls");
	for (unsigned i = 0; i < DP_UPCALL_KINDS; i++) {
		s = add_object(upcalls);
		put_text(s, "kind", upcall_names[i]);
		put_number(s, "sent", w->upcalls[i]);
		put_number(s, "gated", w->upcalls_gated[i]);
		put_number(s, "policed", w->upcalls_policed[i]);
		put_number(s, "lost", w->upcalls_lost[i]);
	}
}

static void show_worker(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct dp_worker_info w;
	json_t *list;

	out->value = json_object();
	put_bool(out->value, "forwarding", app->workers_run);
	list = put_array(out->value, "workers");
	for (uint32_t i = 0; app->dp.ops->worker_info(app->dp.ctx, i, &w) == 0; i++)
		put_worker(list, i, &w);
}

static void text_worker(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Worker", "index"}, {"Lcore", "lcore"},
		{"Cpu", "cpu"}, {"Shared", "shared"}, {"Running", "running"}, {"Rounds", "rounds"},
		{"Busy", "busy_rounds"}, {"Sleeps", "sleeps"}, {"RxPackets", "rx_packets"},
		{"TxPackets", "tx_packets"}, {"Dropped", "dropped"}};
	static const struct text_column stage_cols[] = {{"Stage", "stage"}, {"Packets", "packets"},
		{"Cycles", "cycles"}, {"Cycles/packet", "cycles_per_packet"}};
	static const struct text_column upcall_cols[] = {{"Upcall", "kind"}, {"Sent", "sent"},
		{"Gated", "gated"}, {"Policed", "policed"}, {"Lost", "lost"}};
	const json_t *list = json_object_get(value, "workers"), *w;
	size_t i;

	if (!json_is_true(json_object_get(value, "forwarding")))
		fputs("forwarding is stopped: `start` resumes it\n", to);
	text_table(list, cols, COUNT_OF(cols), to);
	json_array_foreach (list, i, w) {
		fprintf(to, "\nworker %zu\n", i);
		text_table(json_object_get(w, "stages"), stage_cols, COUNT_OF(stage_cols), to);
		text_table(json_object_get(w, "upcalls"), upcall_cols, COUNT_OF(upcall_cols), to);
	}
}

/* --- show memory ----------------------------------------------------------------------------------- */

/* Bytes in memory now, 0 if /proc does not say. */
static uint64_t resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void show_memory(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	struct dp_memory_info m;
	json_t *o;

	memset(&m, 0, sizeof(m));
	app->dp.ops->memory_info(app->dp.ctx, &m);
	o = out->value = json_object();
	put_number(o, "resident_bytes", resident_bytes());
	put_bool(o, "hugepages", m.hugepages);
	put_number(o, "page_bytes", m.page_bytes);
	put_number(o, "heap_bytes", m.heap_bytes);
	put_number(o, "heap_used_bytes", m.heap_used_bytes);
	put_number(o, "mbufs", m.mbufs_total);
	put_number(o, "mbufs_in_use", m.mbufs_in_use);
	put_number(o, "mbuf_bytes", m.mbuf_bytes);
	put_number(o, "routes", m.routes);
	put_number(o, "routes_max", m.routes_max);
	put_number(o, "route_bytes", m.route_bytes);
	put_number(o, "lists", m.lists);
	put_number(o, "list_members", m.list_members);
	put_number(o, "list_bytes", m.list_bytes);
	put_number(o, "oifs", m.oifs);
	put_number(o, "adjacencies", m.adjs);
	put_number(o, "interfaces", m.ifs);
	put_number(o, "retired", m.retired);
	put_number(o, "tib_entries", tib_count(app->tib));
}

/* --- show config ----------------------------------------------------------------------------------- */

static void show_config(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	size_t len = 0;
	char *text = running_text(app, &len);

	if (text) {
		out->value = json_object();
		put_value(out->value, "config", json_stringn(text, len));
	} else {
		cmd_fail(out, "no memory for the configuration's text");
	}
	free(text);
}

static void text_config(const json_t *value, FILE *to)
{
	const char *text = json_string_value(json_object_get(value, "config"));

	fputs(text ? text : "", to);
}

/* --- show version ----------------------------------------------------------------------------------- */

/* What `dpdk-telemetry.py -f` wants. */
static const char *file_prefix(const char *runtime_dir)
{
	const char *slash = strrchr(runtime_dir, '/');

	return slash ? slash + 1 : runtime_dir;
}

static void show_version(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	json_t *o = out->value = json_object();

	put_text(o, "name", app->conf->router.name);
	put_text(o, "version", STARG_VERSION);
	put_text(o, "dpdk", STARG_DPDK_VERSION);
	put_text(o, "compiler", __VERSION__);
	put_text(o, "file", app->conf->path);
	put_text(o, "socket", app->conf->control.socket);
	put_text(o, "runtime_dir", app->runtime_dir);
	put_text(o, "file_prefix", file_prefix(app->runtime_dir));
	put_bool(o, "telemetry", app->telemetry != NULL);
	put_number(o, "pid", (uint64_t)getpid());
	put_number(o, "uptime_s", (app_now_us() - app->started_us) / 1000000);
}

const struct cmd show_system_cmds[] = {
	{"show drop [all]", "dropped packets by reason; all: also those that are zero", show_drop,
		text_drop},
	{"show worker", "workers: rounds, packets, cycles by stage, upcalls", show_worker,
		text_worker},
	{"show memory", "buffers, tables and resident memory", show_memory, NULL},
	{"show config", "the file that recreates the running state", show_config, text_config},
	{"show version", "name, version, file and uptime", show_version, NULL},
	{NULL, NULL, NULL, NULL},
};
