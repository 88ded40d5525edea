/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Measures what only the seam's caller can see, on the real data plane without hugepages and root:
 *
 *   seam_bench install N [MAX]		routes by the bulk call: seconds, bytes; MAX: room for so many
 *   seam_bench update FILE ROUNDS SECONDS RATE
 *					forwarding rate with RATE updates a second and without, in turn
 *   seam_bench delay FRAMES JOINS	latency, join and leave delay
 *
 * One JSON object on standard output; scripts/bench makes rows of it. It judges nothing but that no
 * packet is lost where none may be.
 */
#include "tests/dp/seam_bench.h"

#include "tests/dp/runtime_dir.h"

#include <dirent.h>
#include <rte_eal.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct dataplane *bench_dataplane(uint32_t max_routes, unsigned workers)
{
	struct dataplane_conf conf = {.mbufs = 16384 * (workers + 1),
		.max_routes = max_routes,
		.max_oifs = 1024,
		.upcall_rate = 1000,
		.n_workers = workers,
		.lcores = {1},
		.socket = SOCKET_ID_ANY,
		.wake_fd = -1};
	struct dataplane *d = NULL;
	char err[512];

	if (dataplane_new(&d, &conf, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	return d;
}

struct dp_route bench_flow(uint32_t i, uint32_t list)
{
	return route_of(0x0a000001 + i % 16, 0xef010000 + i, list);
}

struct dp_route bench_random_flow(uint32_t i, uint32_t list)
{
	/* odd multipliers are permutations of 2^24 and 2^32: no two i give the same pair */
	uint32_t grp = 0xef000000 | (i * 0x9e3779b1u & 0xffffff);
	uint32_t src = 0x0a000000 | (i * 0x85ebca6bu >> 8);

	return route_of(src, grp, list);
}

double bench_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_worker(const char *tid)
{
	char path[320], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%31s", name) != 1)
		name[0] = '\0';
	fclose(f);
	return strstr(name, "worker") != NULL;
}

/* The thread id of the first worker lcore as text. */
static const char *worker_tid(void)
{
	static char tid[256];
	struct dirent *e;
	DIR *d;

	if (tid[0])
		return tid;
	d = opendir("/proc/self/task");
	CHECK(d);
	while (!tid[0] && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && is_worker(e->d_name))
			snprintf(tid, sizeof(tid), "%s", e->d_name);
	closedir(d);
	CHECK(tid[0]);
	return tid;
}

void bench_worker_time(uint64_t *cpu_ns, uint64_t *wait_ns)
{
	char path[320];
	FILE *f;

	*cpu_ns = *wait_ns = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", worker_tid());
	f = fopen(path, "re");
	if (!f)
		return; /* a kernel without: no processor times */
	if (fscanf(f, "%" SCNu64 " %" SCNu64, cpu_ns, wait_ns) != 2)
		*cpu_ns = *wait_ns = 0;
	fclose(f);
}

/* Two lcores on the CPUs this process may use. */
static void lcore_map(char *out, size_t cap)
{
	int cpus[2] = {0, 0}, n = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	snprintf(out, cap, "0@%d,1@%d", cpus[0], n > 1 ? cpus[1] : cpus[0]);
}

static void eal_begin(char *program, const char *pcap)
{
	char prefix[64], lcores[64], source[512] = "--vdev=net_null9";
	char *eal[] = {program, "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m",
		"384", "--lcores", lcores, "--file-prefix", prefix, "--log-level", "error", source,
		"--vdev=net_null0,no-rx=1", "--vdev=net_null1,no-rx=1"};

	lcore_map(lcores, sizeof(lcores));
	snprintf(prefix, sizeof(prefix), "seamb%d", (int)getpid());
	if (pcap)
		snprintf(source, sizeof(source), "--vdev=net_pcap0,rx_pcap=%s,infinite_rx=1", pcap);
	if (rte_eal_init(pcap ? (int)RTE_DIM(eal) : (int)RTE_DIM(eal) - 3, eal) < 0)
		exit(1);
}

static int delay(unsigned frames, unsigned joins)
{
	struct bed b = {.wake = eventfd(0, EFD_NONBLOCK)};
	int rc;

	ports_make(&b);
	bed_make(&b, false);
	rc = bench_delay(&b, frames, joins);
	bed_free(&b);
	close(b.wake);
	return rc;
}

static unsigned number(char **argv, int argc, int at, unsigned otherwise)
{
	return at < argc ? (unsigned)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool update = strcmp(what, "update") == 0 && argc == 6;
	int rc;

	if (!update && strcmp(what, "install") != 0 && strcmp(what, "delay") != 0) {
		fprintf(stderr,
			"usage: seam_bench install N [MAX] | update FILE ROUNDS SECONDS RATE "
			"| delay FRAMES JOINS\n");
		return 2;
	}
	eal_begin(argv[0], update ? argv[2] : NULL);
	if (update)
		rc = bench_update(number(argv, argc, 3, 1), atof(argv[4]),
			number(argv, argc, 5, BENCH_RATE_DEFAULT));
	else if (strcmp(what, "install") == 0)
		rc = bench_install(
			number(argv, argc, 2, 1000000), number(argv, argc, 3, MAX_ROUTES));
	else
		rc = delay(number(argv, argc, 2, 20000), number(argv, argc, 3, 200));
	eal_end();
	return rc;
}
