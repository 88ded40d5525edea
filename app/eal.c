/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * EAL's start: chooses lcores, memory, file prefix and --no-huge where the user did not, and turns
 * EAL's own log into one sentence when it refuses.
 */
#include "app/eal.h"

#include "dataplane/dataplane.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#define ARGS_MAX 64
#define POOL_OVERHEAD_MB 96 /* rings, device data, EAL itself */
#define MBUF_OVERHEAD 384   /* header, private area, the pool's own */
#define SMALL_SHARE 4       /* a small buffer for so many others */

struct arg_list {
	char *v[ARGS_MAX + 1];
	int n;
};

static void arg_add(struct arg_list *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void arg_add(struct arg_list *a, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (a->n < ARGS_MAX && vasprintf(&s, fmt, ap) >= 0)
		a->v[a->n++] = s;
	va_end(ap);
}

static unsigned long read_number(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Megabytes of free hugepages of every size. */
static unsigned long free_huge_mb(void)
{
	const char *dir = "/sys/kernel/mm/hugepages";
	unsigned long mb = 0;
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return 0;
	while ((e = readdir(d)) != NULL) {
		char path[384];
		unsigned long kb;

		if (sscanf(e->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir, e->d_name);
		mb += read_number(path) * (kb / 1024);
	}
	closedir(d);
	return mb;
}

/* Whether a hugetlbfs is mounted where this process may write. */
static bool huge_mount_writable(void)
{
	char dev[256], dir[256], type[64];
	bool found = false;
	FILE *f = fopen("/proc/mounts", "re");

	if (!f)
		return false;
	while (!found && fscanf(f, "%255s %255s %63s %*[^\n]", dev, dir, type) == 3)
		found = strcmp(type, "hugetlbfs") == 0 && access(dir, W_OK) == 0;
	fclose(f);
	return found;
}

uint16_t eal_mtu_max(const struct conf *c)
{
	uint16_t mtu = 0;

	for (size_t i = 0; i < c->n_ports; i++)
		if (c->ports[i].mtu > mtu)
			mtu = c->ports[i].mtu;
	return mtu;
}

uint32_t eal_small_mbufs(const struct conf *c)
{
	return c->router.mbufs / SMALL_SHARE;
}

/* Of a buffer with its share of the small ones. */
static unsigned long mbuf_bytes(const struct conf *c)
{
	return dataplane_buf_bytes(eal_mtu_max(c)) + MBUF_OVERHEAD +
	       (DATAPLANE_SMALL_BYTES + MBUF_OVERHEAD) / SMALL_SHARE;
}

static unsigned long needed_mb(const struct conf *c)
{
	return c->router.mbufs * mbuf_bytes(c) / (1024 * 1024) + POOL_OVERHEAD_MB;
}

/* CPUs this process may use, in order. */
static unsigned allowed_cpus(int *cpus, unsigned max)
{
	cpu_set_t set;
	unsigned n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (int i = 0; i < CPU_SETSIZE && n < max; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	return n;
}

/* Workers when the file does not say: one, or as many as the port with most RX queues asks for, but
 * never more than there are CPUs besides control's. */
static unsigned derived_workers(const struct conf *c, unsigned n_cpus)
{
	unsigned n = 1;

	for (size_t i = 0; i < c->n_ports; i++)
		if (c->ports[i].rx_queues > n)
			n = c->ports[i].rx_queues;
	return n < n_cpus ? n : n_cpus - 1;
}

static void add_lcores(struct arg_list *a, const struct conf *c)
{
	int cpus[64];
	unsigned n_cpus = allowed_cpus(cpus, 64), n;
	char list[512];
	size_t at = 0;

	if (n_cpus == 0)
		cpus[n_cpus++] = 0;
	n = c->router.workers >= 0 ? (unsigned)c->router.workers : derived_workers(c, n_cpus);
	if (n >= n_cpus && n > 0)
		log_warning("eal", "%u workers and control share %u CPUs: lower router.workers", n,
			n_cpus);
	for (unsigned i = 0; i <= n && at < sizeof(list); i++)
		at += (size_t)snprintf(
			list + at, sizeof(list) - at, "%s%u@%d", i ? "," : "", i, cpus[i % n_cpus]);
	arg_add(a, "--lcores=%s", list);
}

static bool is_pci(const char *device)
{
	unsigned dom, bus, dev, fn;

	return sscanf(device, "%x:%x:%x.%x", &dom, &bus, &dev, &fn) == 4 ||
	       sscanf(device, "%x:%x.%x", &bus, &dev, &fn) == 3;
}

static void add_pci(struct arg_list *a, const struct conf *c)
{
	bool any = false;

	for (size_t i = 0; i < c->n_ports; i++) {
		if (!is_pci(c->ports[i].device))
			continue;
		arg_add(a, "--allow=%s", c->ports[i].device);
		any = true;
	}
	if (!any)
		arg_add(a, "--no-pci");
}

/* Megabytes that the machine can still give, by the kernel's own estimate; 0 unknown. */
static unsigned long available_mb(void)
{
	unsigned long kb = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (!kb && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kb) == 1)
			break;
	fclose(f);
	return kb / 1024;
}

/* Asking for more than there is would end with the kernel killing somebody. */
static int check_memory(const struct conf *c, char *err, size_t cap)
{
	unsigned long have = available_mb();

	if (!have || needed_mb(c) <= have)
		return 0;
	snprintf(err, cap,
		"router.mbufs = %u needs %lu MB, the machine has %lu MB available: lower it to %lu "
		"or less",
		c->router.mbufs, needed_mb(c), have,
		(have > POOL_OVERHEAD_MB ? have - POOL_OVERHEAD_MB : 0) * 1024 * 1024 /
			mbuf_bytes(c));
	return -ENOMEM;
}

/* Everything the user left out. */
static bool derive(struct arg_list *a, const struct conf *c)
{
	bool huge = c->router.huge && huge_mount_writable() && free_huge_mb() >= needed_mb(c);

	add_lcores(a, c);
	add_pci(a, c);
	if (huge) {
		arg_add(a, "--huge-unlink");
	} else {
		arg_add(a, "--no-huge");
		arg_add(a, "-m");
		arg_add(a, "%lu", needed_mb(c));
	}
	arg_add(a, "--file-prefix=starg-%d", (int)getpid());
	return huge;
}

static bool has_arg(const struct arg_list *a, const char *name)
{
	for (int i = 0; i < a->n; i++)
		if (strncmp(a->v[i], name, strlen(name)) == 0)
			return true;
	return false;
}

/* EAL prints its whole usage on standard output when an argument is wrong: not here. Returns what
 * stdout_back needs, -1 if it could not be done. */
static int stdout_away(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), keep;

	if (null < 0)
		return -1;
	fflush(stdout);
	keep = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (keep >= 0)
		dup2(null, STDOUT_FILENO);
	close(null);
	return keep;
}

static void stdout_back(int keep)
{
	if (keep < 0)
		return;
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	close(keep);
}

/* Workers have CPUs of their own if no two lcores may run on the same CPU. */
static bool lcores_dedicated(void)
{
	rte_cpuset_t seen, both;
	unsigned lcore;

	CPU_ZERO(&seen);
	RTE_LCORE_FOREACH(lcore)
	{
		rte_cpuset_t mine = rte_lcore_cpuset(lcore);

		CPU_AND(&both, &seen, &mine);
		if (CPU_COUNT(&both) > 0)
			return false;
		CPU_OR(&seen, &seen, &mine);
	}
	return true;
}

static void fill_result(struct eal_result *out, bool huge)
{
	unsigned lcore;

	memset(out, 0, sizeof(*out));
	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (out->n_workers < RTE_DIM(out->lcores))
			out->lcores[out->n_workers++] = lcore;
	}
	out->huge = huge;
	out->dedicated = lcores_dedicated();
	snprintf(out->runtime_dir, sizeof(out->runtime_dir), "%s", rte_eal_get_runtime_dir());
}

/* The last line of EAL's log that says something, without its newline. */
static const char *last_line(char *log)
{
	char *end = log + strlen(log), *line;

	while (end > log && isspace((unsigned char)end[-1]))
		*--end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

static void explain_failure(
	char *log, int error, const struct arg_list *a, const struct conf *c, char *err, size_t cap)
{
	const char *why = last_line(log);

	if (strncmp(why, "EAL: ", 5) == 0)
		why += 5;

	if (strstr(log, "ugepage") && !has_arg(a, "--no-huge"))
		snprintf(err, cap,
			"EAL: no usable hugepages (%s). Reserve some: sudo scripts/setup --hugepages "
			"%lu; or run without them: router.huge = false, or --no-huge",
			why, needed_mb(c));
	else if (error == EACCES || error == EPERM || strstr(log, "ermission denied"))
		snprintf(err, cap,
			"EAL: no permission (%s). Run as root (sudo), or give this user hugepages and "
			"vfio devices: scripts/setup --help",
			why);
	else if (strstr(log, "another primary") || strstr(log, "Cannot create lock"))
		snprintf(err, cap,
			"EAL: another DPDK process uses the same file prefix (%s). Give this one its "
			"own: --file-prefix=NAME",
			why);
	else
		snprintf(err, cap, "EAL: %s (%s). The arguments were in router.eal or before `--`",
			*why ? why : "could not start", strerror(error));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

/* Only directories that derive() named. */
static void remove_runtime(const char *dir)
{
	if (strstr(dir, "/starg-"))
		nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* EAL keeps a lock on its config file while it lives; a directory younger than a minute may be one
 * that is being made. */
static bool is_stale(const char *dir)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[640];
	struct stat st;
	bool held;
	int fd;

	if (stat(dir, &st) || st.st_mtime > time(NULL) - 60)
		return false;
	snprintf(path, sizeof(path), "%s/config", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	held = fcntl(fd, F_GETLK, &lock) || lock.l_type != F_UNLCK;
	close(fd);
	return !held;
}

/* Removes what killed routers left beside our own runtime directory. */
static void sweep_stale(void)
{
	char parent[512], dir[600];
	char *slash;
	struct dirent *e;
	DIR *d;

	snprintf(parent, sizeof(parent), "%s", rte_eal_get_runtime_dir());
	slash = strrchr(parent, '/');
	if (!slash)
		return;
	*slash = '\0';
	d = opendir(parent);
	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, "starg-", 6) != 0 || strlen(e->d_name) > 64)
			continue;
		snprintf(dir, sizeof(dir), "%s/%.64s", parent, e->d_name);
		if (is_stale(dir))
			remove_runtime(dir);
	}
	closedir(d);
}

int eal_start(const struct conf *conf, char **given, int n_given, struct eal_result *out, char *err,
	size_t err_cap)
{
	struct arg_list args = {0};
	char *log = NULL;
	size_t log_len = 0;
	bool huge, telemetry;
	FILE *stream;
	int n, keep;

	n = check_memory(conf, err, err_cap);
	if (n)
		return n;
	arg_add(&args, "stargd");
	for (int i = 0; i < n_given; i++)
		arg_add(&args, "%s", given[i]);
	if (n_given == 0 && conf->router.eal)
		for (char **e = conf->router.eal; *e; e++)
			arg_add(&args, "%s", *e);
	if (args.n == 1)
		huge = derive(&args, conf);
	else {
		huge = !has_arg(&args, "--no-huge");
		if (!has_arg(&args, "--file-prefix") && !has_arg(&args, "--in-memory"))
			arg_add(&args, "--file-prefix=starg-%d", (int)getpid());
		if (!huge && !has_arg(&args, "-m"))
			arg_add(&args, "-m%lu", needed_mb(conf));
	}
	if (!conf->router.telemetry && !has_arg(&args, "--no-telemetry"))
		arg_add(&args, "--no-telemetry");
	telemetry = !has_arg(&args, "--no-telemetry"); /* EAL reorders and overwrites arguments */
	for (int i = 0; i < args.n; i++)
		log_debug("eal", "argument %s", args.v[i]);

	stream = open_memstream(&log, &log_len);
	if (stream)
		rte_openlog_stream(stream);
	keep = stdout_away();
	n = rte_eal_init(args.n, args.v);
	stdout_back(keep);
	if (stream)
		fflush(stream);
	if (n < 0)
		explain_failure(log ? log : (char[]){""}, rte_errno, &args, conf, err, err_cap);
	rte_openlog_stream(NULL);
	if (stream)
		fclose(stream);
	free(log);
	/* EAL keeps pointers into the arguments: the strings live as long as the process. */
	if (n < 0) {
		n = rte_errno ? -rte_errno : -EINVAL;
		remove_runtime(rte_eal_get_runtime_dir());
		return n;
	}
	rte_log_set_global_level(RTE_LOG_WARNING);
	sweep_stale();
	fill_result(out, huge);
	out->telemetry = telemetry;
	return 0;
}

void eal_stop(void)
{
	char dir[512];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	remove_runtime(dir);
}
