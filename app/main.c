/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * stargd: the boot story, top to bottom. Everything that can be wrong is found before the first
 * packet moves. Exit codes: 0 left in order, 1 runtime, 2 configuration or usage.
 */
#include "app/api/socket.h"
#include "app/api/telemetry.h"
#include "app/eal.h"
#include "app/loop.h"
#include "app/port_dev.h"
#include "app/ports.h"
#include "app/probe/pcap.h"
#include "app/router.h"
#include "app/shell/terminal.h"
#include "app/starting.h"
#include "dataplane/dataplane.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define GOODBYE_US 20000 /* for the workers, some of which may sleep */
#define GOODBYE_POLLS 64

enum { EXIT_RUNTIME = 1, EXIT_CONFIG = 2 };

/* The protocols, in the order of their numbers. */
static const struct proto *const protocols[] = {
	&static_proto,
	&gmp_proto,
	&pim_proto,
};

struct options {
	const char *file;
	bool check, interactive;
	bool has_log;
	enum log_level log;
	char **eal; /* arguments before `--` */
	int n_eal;
};

static const char usage[] =
	"Usage: stargd [EAL options --] [-c FILE] [-t] [-i] [-l LEVEL]\n"
	"\n"
	"Multicast router on DPDK.\n"
	"\n"
	"  -c, --config FILE   the router's configuration (starg.conf(5)); default\n"
	"                      " STARG_DEFAULT_CONF "\n"
	"  -t, --test          check the file and exit: 0 it is valid, 2 it is not\n"
	"  -i, --interactive   a shell on this terminal\n"
	"  -l, --log LEVEL     error, warning, notice, info or debug; overrides router.log\n"
	"  -V, --version       print the version and exit\n"
	"  -h, --help          print this and exit\n"
	"\n"
	"EAL options before `--` replace router.eal. Without either, stargd derives them.\n"
	"SIGHUP reloads the file; SIGTERM leaves in order. See stargd(8), stargctl(8).\n";

/* Splits "EAL options -- own options"; without `--` all are our own. */
static void split_arguments(int *argc, char **argv, struct options *o)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		o->eal = argv + 1;
		o->n_eal = i - 1;
		argv[i] = argv[0];
		*argc -= i;
		return;
	}
}

static char **own_arguments(char **argv, const struct options *o)
{
	return o->eal ? argv + 1 + o->n_eal : argv;
}

/* EAL's arguments with a NULL behind, for show config; the strings are the command line's. */
static char **given_arguments(const struct options *o)
{
	char **v = o->n_eal ? calloc((size_t)o->n_eal + 1, sizeof(*v)) : NULL;

	for (int i = 0; v && i < o->n_eal; i++)
		v[i] = o->eal[i];
	return v;
}

/* 0 go on, else exit with *code. */
static int parse_options(int argc, char **argv, struct options *o, int *code)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"interactive", no_argument, NULL, 'i'},
		{"log", required_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*code = 0;
	while ((c = getopt_long(argc, argv, "c:til:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->file = optarg;
			break;
		case 't':
			o->check = true;
			break;
		case 'i':
			o->interactive = true;
			break;
		case 'l':
			o->has_log = true;
			if (log_level_parse(optarg, &o->log) == 0)
				break;
			fprintf(stderr,
				"stargd: no log level '%s': use error, warning, notice, info or "
				"debug\n",
				optarg);
			*code = EXIT_CONFIG;
			return 1;
		case 'V':
			printf("stargd %s\n", STARG_VERSION);
			return 1;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			fputs("Try: stargd --help\n", stderr);
			*code = EXIT_CONFIG;
			return 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
			"stargd: unexpected argument '%s': EAL options go before `--`. Try: stargd "
			"--help\n",
			argv[optind]);
		*code = EXIT_CONFIG;
		return 1;
	}
	return 0;
}

/* --- between the rooms ------------------------------------------------------------------------------ */

static void from_twin(void *arg, uint16_t ifid, bool is_frame, const uint8_t *data, size_t len)
{
	struct app *app = arg;

	/* Errors are counted by the data plane. */
	(void)app->dp.ops->packet_send(
		app->dp.ctx, ifid, is_frame ? DP_SEND_FRAME : DP_SEND_IP, data, len);
}

static void to_twin(void *arg, const struct dp_packet *meta, const uint8_t *data)
{
	struct app *app = arg;
	int rc = -ENODEV;

	if (app->kernel)
		rc = kernel_twin_write(app->kernel, meta->ifid, data, meta->len);
	if (rc)
		app->dp.ops->drop_count(
			app->dp.ctx, meta->ifid, rc == -EAGAIN ? DROP_twin_full : DROP_no_twin);
}

static void on_netdev(void *arg, const char *name, int ifindex, bool present, bool carrier)
{
	struct app *app = arg;

	if (app->ports)
		ports_netdev(app->ports, name, present, carrier);
}

static void resolve(void *arg, int ifindex, const struct ipaddr *addr)
{
	struct app *app = arg;

	if (app->kernel)
		kernel_resolve(app->kernel, ifindex, addr);
}

static uint64_t now_us(void *arg)
{
	return app_now_us();
}

static_assert((int)CONF_REPLICATE_COPY == (int)DATAPLANE_REPLICATE_COPY &&
		      (int)CONF_REPLICATE_SHARE == (int)DATAPLANE_REPLICATE_SHARE,
	"the file's words are the data plane's");

/* --- boot ------------------------------------------------------------------------------------------- */

static int fail(const char *err)
{
	fprintf(stderr, "stargd: %s\n", err);
	return EXIT_RUNTIME;
}

static int boot_dataplane(
	struct app *app, const struct conf *conf, const struct eal_result *eal, int wake_fd)
{
	struct dataplane_conf dc = {.mbufs = conf->router.mbufs,
		.small_mbufs = eal_small_mbufs(conf),
		.mtu_max = eal_mtu_max(conf),
		.max_routes = conf->router.max_routes,
		.max_oifs = conf->router.max_oifs,
		.upcall_rate = conf->router.upcall_rate,
		.hold = {.packets = conf->router.hold.packets,
			.flows = conf->router.hold.flows,
			.time_ms = conf->router.hold.time_ms},
		.replicate = (enum dataplane_replicate)conf->router.replicate,
		.n_workers = eal->n_workers,
		.socket = -1,
		.wake_fd = wake_fd};
	char err[CONF_ERRLEN];

	app->busy = conf->router.poll == CONF_POLL_BUSY ||
		    (conf->router.poll == CONF_POLL_AUTO && eal->huge && eal->dedicated &&
			    eal->n_workers > 0);
	app->shared = eal->n_workers == 0;
	dc.adaptive = !app->busy;
	memcpy(dc.lcores, eal->lcores, sizeof(dc.lcores));
	if (dataplane_new(&app->dataplane, &dc, err, sizeof(err)))
		return fail(err);
	app->dp = dataplane_seam(app->dataplane);
	return 0;
}

static int boot_control(struct app *app)
{
	struct net_env env = {.arg = app, .changed = router_net_changed, .resolve = resolve};

	app->net = net_new(&app->dp, &env);
	app->tib = app->net ? tib_new(&app->dp, app->net) : NULL;
	app->runner = app->tib ? runner_new(&app->dp, app->net, app->tib) : NULL;
	if (!app->runner)
		return fail("out of memory");
	runner_set_exception(app->runner, to_twin, app);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		int number = runner_add(app->runner, protocols[i]);

		if (number < 0)
			return fail("out of memory");
		if (protocols[i] == &static_proto)
			app->static_number = (uint16_t)number;
		if (protocols[i] == &gmp_proto)
			app->gmp_number = (uint16_t)number;
		if (protocols[i] == &pim_proto)
			app->pim_number = (uint16_t)number;
	}
	return 0;
}

/* Whether the kernel has any part in this router: a twin, or a netdev beneath a port. */
static bool needs_kernel(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ifs; i++)
		if (conf->ifs[i].net.exception)
			return true;
	for (size_t i = 0; i < conf->n_ports; i++)
		if (strstr(conf->ports[i].device, ",iface="))
			return true;
	return false;
}

static int boot_kernel(struct app *app, const struct conf *conf)
{
	struct kernel_env env = {.arg = app,
		.watch = loop_watch,
		.unwatch = loop_unwatch,
		.from_twin = from_twin,
		.netdev = on_netdev,
		.now_us = now_us};
	char err[CONF_ERRLEN];

	if (!needs_kernel(conf))
		return 0;
	if (kernel_new(&app->kernel, app->net, &env, err, sizeof(err)))
		return fail(err);
	return 0;
}

static int boot_router(struct app *app, struct conf *conf)
{
	char summary[2048], err[CONF_ERRLEN];
	int rc;

	/* The socket first: a second router with the same file ends here, before it touches a device. */
	do
		rc = api_new(&app->api, app, conf->control.socket, err, sizeof(err));
	while (rc == -EADDRINUSE && starting_waits(app, err));
	if (rc)
		return fail(err);
	if (ports_new(&app->ports, app, err, sizeof(err)) ||
		router_apply(app, conf, summary, sizeof(summary), err, sizeof(err)))
		return fail(err);
	log_info("stargd", "%s", summary);
	return 0;
}

/* Without telemetry the router runs all the same. */
static void boot_telemetry(struct app *app, const struct eal_result *eal)
{
	memcpy(app->runtime_dir, eal->runtime_dir, sizeof(app->runtime_dir));
	if (!eal->telemetry)
		return;
	if (telemetry_new(&app->telemetry, app))
		log_warning("telemetry", "no endpoints of starg: out of memory");
}

/* What protocols say last must be on the wire before the ports close: neighbours take over at once. */
static void say_goodbye(struct app *app)
{
	runner_stop(app->runner, app_now_us());
	if (!app->workers_run)
		return;
	for (int i = 0; app->shared && i < GOODBYE_POLLS; i++)
		dataplane_poll(app->dataplane);
	if (!app->shared)
		usleep(GOODBYE_US);
}

static void shut_down(struct app *app, struct loop *loop)
{
	if (app->runner)
		say_goodbye(app);
	telemetry_free(app->telemetry);
	watches_leave(app);
	pcaps_free(app);
	if (app->api)
		api_free(app->api);
	if (app->workers_run)
		app_stop(app);
	ports_free(app->ports);
	if (app->kernel) {
		struct kernel *k = app->kernel;

		app->kernel = NULL;
		kernel_free(k);
	}
	if (app->runner)
		runner_free(app->runner);
	if (app->tib)
		tib_free(app->tib);
	if (app->net)
		net_free(app->net);
	if (loop)
		loop_free(loop);
	if (app->dataplane)
		dataplane_free(app->dataplane);
	conf_free(app->conf);
	free(app->eal_given);
}

static int run(struct app *app, struct loop *loop, bool interactive)
{
	struct terminal *terminal = NULL;

	log_notice("stargd", "%s: ready %llu ms after start, %u worker%s, %s",
		app->conf->router.name, (unsigned long long)(app_now_us() - app->started_us) / 1000,
		dataplane_workers(app->dataplane), app->shared ? " on the control lcore" : "(s)",
		app->busy ? "polling" : "adaptive");
	if (interactive) {
		terminal = terminal_app_new(app);
		if (!terminal)
			return fail("no shell on this terminal: out of memory");
	}
	loop_run(loop);
	if (terminal)
		terminal_app_free(terminal);
	return 0;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* What -t says of a file that is right. */
static void checked(const struct conf *conf, const char *file)
{
	size_t gmp = 0, pim = 0;

	for (size_t i = 0; i < conf->n_ifs; i++) {
		gmp += conf->ifs[i].gmp[0].enabled || conf->ifs[i].gmp[1].enabled;
		pim += conf->ifs[i].has_pim && conf->ifs[i].pim.mode != PIM_MODE_OFF;
	}
	printf("%s: valid: %zu port%s, %zu interface%s (%zu with IGMP or MLD, %zu with PIM), %zu RP%s, "
	       "%zu static route%s\n",
		file, conf->n_ports, plural(conf->n_ports), conf->n_ifs, plural(conf->n_ifs), gmp,
		pim, conf->pim.n_rps, plural(conf->pim.n_rps), conf->n_routes,
		plural(conf->n_routes));
	conf_warn(conf, stdout);
}

int main(int argc, char **argv)
{
	struct options o = {.file = STARG_DEFAULT_CONF};
	struct app app = {.started_us = app_now_us()};
	struct loop *loop = NULL;
	struct eal_result eal;
	struct conf *conf;
	char err[16384];
	int code, wake_fd;

	starting_hold_reload();
	split_arguments(&argc, argv, &o);
	if (parse_options(argc, own_arguments(argv, &o), &o, &code))
		return code;
	if (conf_read(o.file, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return EXIT_CONFIG;
	}
	if (port_dev_check_drivers(conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		conf_free(conf);
		return EXIT_CONFIG;
	}
	if (o.check) {
		checked(conf, o.file);
		conf_free(conf);
		return 0;
	}
	starting_hold_end();
	log_set_level(o.has_log ? o.log : conf->router.log);
	if (eal_start(conf, o.eal, o.n_eal, &eal, err, sizeof(err))) {
		conf_free(conf);
		return fail(err);
	}
	app.eal_given = given_arguments(&o);
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	code = wake_fd < 0 ? fail("no eventfd: too many open files; see ulimit -n") : 0;
	if (!code)
		code = boot_dataplane(&app, conf, &eal, wake_fd);
	if (!code && loop_new(&loop, &app, wake_fd))
		code = fail("out of memory");
	if (!code)
		code = boot_control(&app);
	if (!code)
		code = boot_kernel(&app, conf);
	if (!code)
		code = boot_router(&app, conf);
	if (!code)
		boot_telemetry(&app, &eal);
	if (!code)
		code = run(&app, loop, o.interactive);
	else if (starting_is_to_end())
		code = 0; /* what it waited for is no longer wanted */
	if (!app.conf)
		conf_free(conf); /* nothing has taken it over */
	shut_down(&app, loop);
	eal_stop();
	return code;
}
