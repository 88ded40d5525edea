/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * sim_random: random networks by seed. Without options the hundred of the test run; any number of them
 * with --count.
 */
#include <getopt.h>

#include "tests/sim/random.h"

struct options {
	uint64_t seed;
	unsigned count;
	bool verbose;
	struct sim_random_options o;
};

static int usage(FILE *f)
{
	fprintf(f,
		"usage: sim_random [OPTION...]\n"
		"  --seed N           the first network (1)\n"
		"  --count N          so many, with seeds N, N+1, ... (100; 1 with --seed or --trace)\n"
		"  --routers MIN-MAX  in each of them (3-30)\n"
		"  --family 4|6|both  of the networks (4); both: routers run both, each host one\n"
		"  --events N         that befall each (by the seed)\n"
		"  --calm             nothing breaks, and all is right soon after each event\n"
		"  --restarts         calm, but routers restart\n"
		"  --trace            every packet, route and log line to stdout\n"
		"  --verbose          a line for each network\n");
	return f == stderr ? 2 : 0;
}

static bool parse_range(const char *s, struct sim_random_options *o)
{
	return sscanf(s, "%u-%u", &o->routers_min, &o->routers_max) == 2 && o->routers_min >= 1 &&
	       o->routers_max >= o->routers_min && o->routers_max <= 250;
}

static bool parse_family(const char *s, struct sim_random_options *o)
{
	bool both = !strcmp(s, "both");

	o->ipv4 = both || !strcmp(s, "4");
	o->ipv6 = both || !strcmp(s, "6");
	return o->ipv4 || o->ipv6;
}

static int parse(int argc, char **argv, struct options *op)
{
	static const struct option longs[] = {{"seed", 1, NULL, 's'}, {"count", 1, NULL, 'c'},
		{"routers", 1, NULL, 'r'}, {"family", 1, NULL, 'f'}, {"events", 1, NULL, 'e'},
		{"trace", 0, NULL, 't'}, {"calm", 0, NULL, 'q'}, {"restarts", 0, NULL, 'x'},
		{"verbose", 0, NULL, 'v'}, {"help", 0, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			op->seed = strtoull(optarg, NULL, 0);
			op->count = op->count ? op->count : 1;
			break;
		case 'c':
			op->count = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 'r':
			if (!parse_range(optarg, &op->o))
				return usage(stderr);
			break;
		case 'f':
			if (!parse_family(optarg, &op->o))
				return usage(stderr);
			break;
		case 'e':
			op->o.events = (unsigned)strtoul(optarg, NULL, 0);
			break;
		case 't':
			op->o.trace = stdout;
			op->o.dump = true;
			op->count = op->count ? op->count : 1;
			break;
		case 'q':
			op->o.calm = true;
			break;
		case 'x':
			op->o.calm = op->o.restarts = true;
			break;
		case 'v':
			op->verbose = true;
			break;
		case 'h':
			exit(usage(stdout));
		default:
			return usage(stderr);
		}
	}
	return 0;
}

static void report(const struct options *op, uint64_t seed, const struct sim_random_result *r)
{
	if (op->verbose || r->failures)
		printf("seed %llu: %u routers, %u links, %u hosts, %u sources, %u events, %.0f s, "
		       "%llu sent, %llu received, %llu looped: %u faults\n",
			(unsigned long long)seed, r->n_routers, r->n_links, r->n_hosts,
			r->n_sources, r->n_events, r->virtual_s, (unsigned long long)r->packets,
			(unsigned long long)r->delivered, (unsigned long long)r->loops,
			r->failures);
	if (r->failures) {
		printf("  the first: %s\n  again: tests/sim/sim_random --seed %llu --routers %u-%u",
			r->first_failure, (unsigned long long)seed, op->o.routers_min,
			op->o.routers_max);
		if (op->o.ipv6)
			printf(" --family %s", op->o.ipv4 ? "both" : "6");
		if (op->o.events)
			printf(" --events %u", op->o.events);
		if (op->o.calm)
			printf(op->o.restarts ? " --restarts" : " --calm");
		printf(" --trace\n");
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct options op = {.seed = 1, .o = {.routers_min = 3, .routers_max = 30, .ipv4 = true}};
	unsigned failed = 0;
	uint64_t packets = 0, delivered = 0;

	if (parse(argc, argv, &op))
		return 2;
	if (!op.count)
		op.count = 100;
	for (unsigned i = 0; i < op.count; i++) {
		struct sim_random_result r;

		sim_random_run(op.seed + i, &op.o, &r);
		report(&op, op.seed + i, &r);
		failed += r.failures > 0;
		packets += r.packets;
		delivered += r.delivered;
	}
	printf("%u networks, %u with faults, %llu packets sent, %llu received\n", op.count, failed,
		(unsigned long long)packets, (unsigned long long)delivered);
	return failed ? 1 : 0;
}
