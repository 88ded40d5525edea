/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The router of the handlers' tests, with the parts of the composition root that they call.
 */
#include "tests/unit/shell/router.h"

#include "app/ports.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORTS 3

static struct router *current; /* the composition root's functions know no argument for it */

static const char conf_text[] =
	"router: { name = \"edge1\"; };\n"
	"ports: ( { name = \"p0\"; device = \"net_null0\"; },\n"
	"	{ name = \"p1\"; device = \"net_null1\"; },\n"
	"	{ name = \"p2\"; device = \"net_null2\"; } );\n"
	"interfaces: (\n"
	"	{ name = \"src\"; port = \"p0\"; address = \"10.0.0.254/24\"; exception = \"none\"; },\n"
	"	{ name = \"lan1\"; port = \"p1\"; address = \"10.1.0.1/24\"; exception = \"none\"; },\n"
	"	{ name = \"lan2\"; port = \"p2\"; address = \"10.2.0.1/24\"; exception = \"none\";\n"
	"	  ttl_threshold = 8; mtu = 1400; },\n"
	"	{ name = \"gre0\"; gre: { local = \"10.1.0.1\"; remote = \"198.51.100.2\"; key = 7; };\n"
	"	  exception = \"none\"; },\n"
	"	{ name = \"lo0\"; loopback = true; address = \"10.9.9.9/32\"; exception = \"none\"; } );\n"
	"rpf: ( { prefix = \"10.9.0.0/16\"; interface = \"lan1\"; neighbor = \"10.1.0.9\"; } );\n"
	"neighbors: ( { interface = \"lan1\"; address = \"10.1.0.5\"; mac = \"02:00:00:00:00:05\"; } );\n"
	"static: { routes: (\n"
	"	{ source = \"10.0.0.1\"; group = \"239.1.1.1\"; input = \"src\";\n"
	"	  outputs: ( { interface = \"lan1\"; },\n"
	"	  { interface = \"lan1\"; unicast = \"10.1.0.5\"; port = 5000; } ); },\n"
	"	{ source = \"*\"; group = \"239.2.0.1\"; input = \"any\";\n"
	"	  outputs: ( { interface = \"lan2\"; } ); } ); };\n";

/* --- the composition root ----------------------------------------------------------------------------- */

uint64_t app_now_us(void)
{
	return current->w->now_us;
}

int app_reload(struct app *app, char *summary, size_t summary_cap, char *err, size_t err_cap)
{
	current->reloads++;
	snprintf(summary, summary_cap, "nothing differs");
	snprintf(err, err_cap, "f.conf:7: no port pp: name one of p0, p1");
	return current->reload_result;
}

int app_start(struct app *app)
{
	current->started++;
	app->workers_run = true;
	return 0;
}

int app_stop(struct app *app)
{
	current->stopped++;
	app->workers_run = false;
	return 0;
}

void app_quit(struct app *app)
{
	current->quits++;
}

size_t ports_count(const struct ports *p)
{
	return PORTS;
}

bool ports_info(const struct ports *p, size_t index, struct port_info *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "p%zu", index);
	snprintf(out->device, sizeof(out->device), "net_null%zu", index);
	snprintf(out->driver, sizeof(out->driver), "net_null");
	out->state = index == 2 ? PORT_DOWN : PORT_UP;
	out->port_id = (uint16_t)index;
	out->mtu = 1500;
	out->rx_queues = 2;
	return index < PORTS;
}

bool ports_stats(const struct ports *p, size_t index, struct port_stats *out)
{
	*out = (struct port_stats){.rx_packets = 100 + index, .tx_packets = 7};
	return index < PORTS;
}

bool ports_offload(const struct ports *p, size_t index, size_t offload, struct port_offload *out)
{
	*out = (struct port_offload){.name = "rss", .rx = true, .why = "one receive queue"};
	return index < 2 && offload == 0;
}

bool ports_flow(const struct ports *p, size_t index, struct flow_port_info *out)
{
	*out = (struct flow_port_info){
		.data_queues = 3, .control_queue = index == 0, .marks_limit = 64, .marks = 1};
	return index < 2;
}

bool ports_rule(const struct ports *p, size_t index, size_t rule, struct flow_rule_info *out)
{
	static const struct flow_rule_info rules[2] = {
		{.what = "igmp",
			.pattern = "eth / ipv4 proto 2",
			.action = "queue 3",
			.hardware = true,
			.counted = true,
			.hits = 12},
		{.what = "mark",
			.pattern = "eth / ip src S dst G",
			.action = "mark of the route",
			.problem = "Not supported action."},
	};

	if (index > 1 || rule > 1)
		return false;
	*out = rules[rule];
	return true;
}

bool ports_mark(const struct ports *p, const struct dp_route_key *key, uint16_t *id, char *names,
	size_t cap)
{
	*id = current->mark;
	snprintf(names, cap, "p0, p1");
	return current->mark != 0;
}

void ports_mark_hits(const struct ports *p, uint64_t *used, uint64_t *refused)
{
	*used = 1000;
	*refused = 5;
}

void ports_stats_clear(struct ports *p)
{
	current->cleared++;
}

/* --- counters ------------------------------------------------------------------------------------------- */

static int route_counters(void *dp, const struct dp_route_key *key, struct dp_route_counters *c)
{
	*c = current->route;
	return 0;
}

static int oif_counters(void *dp, uint32_t oif, struct dp_oif_counters *c)
{
	*c = current->oif;
	return 0;
}

static int worker_info(void *dp, uint32_t index, struct dp_worker_info *info)
{
	*info = current->worker;
	return index < 2 ? 0 : -ENOENT;
}

static void clear_counters(void *dp)
{
	current->cleared++;
}

/* --- the router ------------------------------------------------------------------------------------------- */

static void write_conf(struct router *r)
{
	int fd;

	snprintf(r->path, sizeof(r->path), "/tmp/starg-test-XXXXXX");
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, conf_text, sizeof(conf_text) - 1), sizeof(conf_text) - 1);
	close(fd);
}

static void apply(struct router *r)
{
	const struct conf *c = r->app.conf;
	struct static_config statics = {.n_routes = c->n_routes, .routes = c->routes};
	uint16_t id;

	for (size_t i = 0; i < c->n_ifs; i++)
		assert_int_equal(net_if_add(r->app.net, &c->ifs[i].net, &id), 0);
	for (uint16_t p = 0; p < PORTS; p++) {
		uint8_t mac[6] = {2, 0, 0, 0, 1, (uint8_t)p};

		net_port_set(r->app.net, c->ports[p].name, p, mac, 1500);
		net_port_link(r->app.net, c->ports[p].name, p != 2);
	}
	for (size_t i = 0; i < c->n_rpf; i++) {
		struct net_route route = {
			.dst = c->rpf[i].prefix, .origin = NET_ROUTE_RPF, .n_paths = 1};

		route.paths[0].ifid = net_if_find(r->app.net, c->rpf[i].interface)->id;
		route.paths[0].gateway = c->rpf[i].neighbor;
		route.paths[0].weight = 1;
		assert_int_equal(net_route_set(r->app.net, &route), 0);
	}
	for (size_t i = 0; i < c->n_neighs; i++) {
		struct net_neigh n = {.state = NET_NEIGH_STATIC, .addr = c->neighs[i].address};

		n.ifid = net_if_find(r->app.net, c->neighs[i].interface)->id;
		memcpy(n.mac, c->neighs[i].mac, 6);
		assert_int_equal(net_neigh_set(r->app.net, &n), 0);
	}
	for (uint16_t p = 0; p < PORTS; p++)
		conf_police_of(c, &c->ports[p], &r->w->f->police[p]);
	runner_config(r->app.runner, r->app.static_number, &statics, r->w->now_us);
	assert_int_equal(runner_commit(r->app.runner), 0);
}

static uint16_t add_proto(struct router *r, const struct proto *p)
{
	int number = runner_add(r->app.runner, p);

	assert_true(number >= 0);
	return (uint16_t)number;
}

int router_setup(void **state)
{
	struct router *r = calloc(1, sizeof(*r));
	void *world;
	char err[1024];

	assert_non_null(r);
	world_setup(&world);
	r->w = world;
	current = r;
	r->ops = *r->w->f->dp.ops;
	r->ops.route_counters = route_counters;
	r->ops.oif_counters = oif_counters;
	r->ops.worker_info = worker_info;
	r->ops.clear_counters = clear_counters;
	r->route.last_used_ms = UINT64_MAX;
	r->app.dp.ops = &r->ops;
	r->app.dp.ctx = r->w->f->dp.ctx;
	r->app.net = r->w->net;
	r->app.tib = r->w->tib;
	r->app.runner = r->w->r;
	r->app.ports = (struct ports *)r; /* only its being there counts */
	r->app.workers_run = true;
	r->app.static_number = add_proto(r, &static_proto);
	r->app.gmp_number = add_proto(r, &gmp_proto);
	r->app.pim_number = add_proto(r, &pim_proto);
	write_conf(r);
	if (conf_read(r->path, &r->app.conf, err, sizeof(err)))
		fail_msg("%s", err);
	apply(r);
	*state = r;
	return 0;
}

static struct cmd_result last;
static char *last_text;

int router_teardown(void **state)
{
	struct router *r = *state;
	void *world = r->w;

	cmd_result_fini(&last);
	free(last_text);
	last_text = NULL;
	unlink(r->path);
	conf_free(r->app.conf);
	world_teardown(&world);
	free(r);
	return 0;
}

static void run(struct router *r, const char *line)
{
	cmd_result_fini(&last);
	cmd_run(&r->app, line, &last);
}

const json_t *run_ok(struct router *r, const char *line)
{
	run(r, line);
	if (last.status)
		fail_msg("%s: %s", line, last.error);
	return last.value;
}

const char *run_fails(struct router *r, const char *line, const char *part)
{
	run(r, line);
	if (!last.status || !strstr(last.error, part))
		fail_msg("%s: \"%s\" lacks \"%s\"", line, last.error, part);
	return last.error;
}

const char *run_text(struct router *r, const char *line)
{
	size_t len;
	FILE *f;

	run_ok(r, line);
	free(last_text);
	last_text = NULL;
	f = open_memstream(&last_text, &len);
	cmd_result_print(&last, f);
	fclose(f);
	return last_text;
}

const json_t *at(const json_t *value, const char *path)
{
	char key[64];
	size_t n;

	while (value && *path) {
		if (*path == '[') {
			value = json_array_get(value, strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
		} else {
			path += *path == '.';
			n = strcspn(path, ".[");
			snprintf(key, sizeof(key), "%.*s", (int)n, path);
			value = json_object_get(value, key);
			path += n;
		}
	}
	return value;
}

const char *text_at(const json_t *value, const char *path)
{
	const char *s = json_string_value(at(value, path));

	return s ? s : "";
}

long long number_at(const json_t *value, const char *path)
{
	if (!json_is_integer(at(value, path)))
		fail_msg("%s is no number", path);
	return json_integer_value(at(value, path));
}

void verdict(struct router *r, const char *line, const char *part)
{
	const char *v = text_at(run_ok(r, line), "verdict");

	if (!strstr(v, part))
		fail_msg("%s: \"%s\" lacks \"%s\"", line, v, part);
}
