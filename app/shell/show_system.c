/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * show drop, worker, memory, config, version: the router itself.
 */
#include "app/ports.h"
#include "app/shell/running.h"
#include "app/shell/text.h"
#include "app/shell/value.h"
#include "app/shell/version.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- show drop ------------------------------------------------------------------------------------ */

void drops_sum(const struct app *app, uint64_t drops[DROP_COUNT])
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

	drops_sum(app, drops);
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
	[DP_UPCALL_DATA] = "data",
	[DP_UPCALL_REGISTER] = "register"};

/* "p0:1": queue q of port p is polled by worker number p + q modulo the workers'. */
static void put_queues(json_t *o, const struct app *app, uint32_t index, uint32_t n_workers)
{
	json_t *list = put_array(o, "queues");
	char text[CONF_NAMELEN + 8];
	struct port_info info;

	for (size_t i = 0; app->ports && i < ports_count(app->ports); i++) {
		if (!ports_info(app->ports, i, &info) || info.state == PORT_ABSENT)
			continue;
		for (uint32_t q = 0; q < info.rx_queues; q++) {
			if ((info.port_id + q) % n_workers != index)
				continue;
			snprintf(text, sizeof(text), "%s:%u", info.name, q);
			json_array_append_new(list, json_string(text));
		}
	}
}

/* What each received packet has cost, by everything that was done for it, and how much came at a time. */
static void put_effort(json_t *o, const struct dp_worker_info *w)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < DP_STAGES; i++)
		cycles += w->cycles[i];
	put_real(
		o, "cycles_per_packet", w->rx_packets ? (double)cycles / (double)w->rx_packets : 0);
	put_real(o, "packets_per_busy_round",
		w->busy_rounds ? (double)w->rx_packets / (double)w->busy_rounds : 0);
	put_real(o, "idle_rounds", w->rounds ? 1 - (double)w->busy_rounds / (double)w->rounds : 0);
}

static void put_drops(json_t *o, const struct dp_worker_info *w)
{
	json_t *list = put_array(o, "drops"), *d;

	for (unsigned r = 0; r < DROP_COUNT; r++) {
		if (!w->drops[r])
			continue;
		d = add_object(list);
		put_text(d, "reason", drop_name((enum drop_reason)r));
		put_number(d, "packets", w->drops[r]);
	}
}

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
	put_effort(o, w);
	put_drops(o, w);
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
	for (uint32_t i = 0; i < json_array_size(list); i++)
		put_queues(json_array_get(list, i), app, i, (uint32_t)json_array_size(list));
}

/* Names and counts of a list on one line. */
static void text_list(const json_t *list, const char *what, const char *name, FILE *to)
{
	const json_t *v;
	size_t i;

	if (!json_array_size(list))
		return;
	fprintf(to, "%s", what);
	json_array_foreach (list, i, v) {
		if (json_is_string(v))
			fprintf(to, "%s %s", i ? "," : "", json_string_value(v));
		else
			fprintf(to, "%s %s %lld", i ? "," : "",
				json_string_value(json_object_get(v, name)),
				(long long)json_integer_value(json_object_get(v, "packets")));
	}
	fputc('\n', to);
}

static void text_effort(const json_t *w, FILE *to)
{
	double cycles = json_real_value(json_object_get(w, "cycles_per_packet"));

	text_list(json_object_get(w, "queues"), "polls", "", to);
	if (cycles > 0)
		fprintf(to, "%.1f cycles a packet, all stages; ", cycles);
	else /* one round in 64 is measured */
		fputs("no busy round was measured yet; ", to);
	fprintf(to, "%.1f packets a busy round; %.1f %% of the rounds found none\n",
		json_real_value(json_object_get(w, "packets_per_busy_round")),
		100 * json_real_value(json_object_get(w, "idle_rounds")));
	text_list(json_object_get(w, "drops"), "dropped", "reason", to);
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
		text_effort(w, to);
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
	put_number(o, "small_mbufs", m.small_total);
	put_number(o, "small_mbufs_in_use", m.small_in_use);
	put_number(o, "small_mbuf_bytes", m.small_bytes);
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
