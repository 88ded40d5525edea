/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * drivers-cfg: a file for each NIC family or vdev, and which of them fits a device.
 */
#include "app/conf/conf_priv.h"

#include <dirent.h>
#include <errno.h>

#define SYS_PCI "/sys/bus/pci/devices"

/* A file while it is read: what it says, and how well it fits a device. */
struct driver_file {
	struct conf_driver d;
	const char *device; /* without arguments; NULL: only read */
	const char *pci_id; /* "15b3:1017", "" if unknown */
	size_t fit;         /* 0 does not match; longer matches are better */
};

/* --- reading ----------------------------------------------------------------------------------------- */

/* "net_af_packet" fits "net_af_packet0"; "15b3:1017" and "15b3:*" fit PCI devices. */
static size_t entry_fit(const char *entry, const char *device, const char *pci_id)
{
	size_t len = strlen(entry);

	if (len > 1 && entry[len - 1] == '*')
		return strncasecmp(entry, pci_id, len - 1) == 0 ? len - 1 : 0;
	if (strcasecmp(entry, pci_id) == 0 || strncmp(entry, device, len) == 0)
		return len;
	return 0;
}

static void match_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	struct driver_file *f = obj;

	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		problem_add(r, line_of(s),
			"match of %s must be a list of strings such as "
			"[ \"net_af_packet\" ], not %s",
			what, type_name(s));
		return;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *v = value_string(r, e, "match", what, "\"net_af_packet\"");
		size_t fit;

		if (!v || !v[0] || !f->device)
			continue;
		fit = entry_fit(v, f->device, f->pci_id);
		if (fit > f->fit)
			f->fit = fit;
	}
}

static void fast_free_read(struct conf_reader *r, config_setting_t *s, const char *what, void *obj)
{
	problem_add(r, line_of(s),
		"mbuf_fast_free of %s: this offload demands that no buffer is shared, "
		"and starg shares buffers between outputs; remove it",
		what);
}

#define DRIVER(member) KEY_FIELD(struct conf_driver, member)

static const struct conf_key driver_keys[] = {
	{"description", KEY_STRING, .required = true, DRIVER(description), .min = 1,
		.example = "\"NVIDIA ConnectX\""},
	{"match", KEY_OTHER, .required = true, .example = "[ \"net_af_packet\" ]",
		.read = match_read},
	{"devargs", KEY_STRING, DRIVER(devargs), .example = "\"qpairs=1\""},
	{"rx_queues", KEY_UINT, DRIVER(rx_queues), .max = 1024, .example = "8"},
	{"tx_queues", KEY_UINT, DRIVER(tx_queues), .max = 1024, .example = "8"},
	{"rx_desc", KEY_UINT, DRIVER(rx_desc), .max = 32768, .example = "1024"},
	{"tx_desc", KEY_UINT, DRIVER(tx_desc), .max = 32768, .example = "1024"},
	{"bind", KEY_STRING, DRIVER(bind), .example = "\"vfio-pci\""},
	{"mbuf_fast_free", KEY_OTHER, .read = fast_free_read},
	{"offloads", KEY_STRING, .required = true, DRIVER(offloads), .min = 1,
		.example = "\"announces multi-segment; no rte_flow\""},
	{"tried", KEY_STRING, .required = true, DRIVER(tried), .min = 1,
		.example = "\"not tried on hardware\""},
};

static const struct conf_group driver_group = GROUP("drivers-cfg", driver_keys);

static void driver_text(struct conf_reader *r, const char *text, size_t len, struct driver_file *f)
{
	config_t cfg;

	syntax_check(r, text, len);
	if (r->total)
		return;
	config_init(&cfg);
	if (config_read_string(&cfg, text))
		group_read(r, config_root_setting(&cfg), &driver_group, "the driver file", f);
	else
		problem_add(r, (unsigned)config_error_line(&cfg), "%s: compare with default.conf",
			config_error_text(&cfg));
	config_destroy(&cfg);
}

static int driver_load(const char *path, struct driver_file *f, char *err, size_t err_cap)
{
	struct conf_reader r = {.path = path};
	char *text;
	size_t len;
	int rc;

	rc = conf_text_load(path, &text, &len, err, err_cap);
	if (rc)
		return rc;
	driver_text(&r, text, len, f);
	if (r.total) {
		problems_print(&r, err, err_cap);
		rc = -EINVAL;
	}
	free(r.problems);
	free(text);
	return rc;
}

/* Length of NAME in NAME.conf; 0: another kind of file. */
static size_t stem(const char *file)
{
	size_t len = strlen(file);

	return len > 5 && file[0] != '.' && strcmp(file + len - 5, ".conf") == 0 ? len - 5 : 0;
}

/* The names there are, in no particular order: " mlx5 ice ..." */
static void drivers_list(const char *dir, char *list, size_t cap)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	list[0] = '\0';
	while (d && (e = readdir(d)))
		if (stem(e->d_name))
			snprintf(list + strlen(list), cap - strlen(list), " %.*s",
				(int)stem(e->d_name), e->d_name);
	if (d)
		closedir(d);
}

int conf_driver_read(
	const char *dir, const char *name, struct conf_driver *out, char *err, size_t err_cap)
{
	struct driver_file f = {.device = NULL};
	char path[4096], list[512];
	int rc;

	if (name[0] && name[0] != '.' && !strchr(name, '/') &&
		snprintf(path, sizeof(path), "%s/%s.conf", dir, name) < (int)sizeof(path))
		rc = driver_load(path, &f, err, err_cap);
	else
		rc = -ENOENT;
	if (rc == -ENOENT) {
		drivers_list(dir, list, sizeof(list));
		snprintf(err, err_cap, "%s: no driver file '%.64s'; there are:%s", dir, name,
			list[0] ? list : " none, is this the directory drivers-cfg?");
	}
	if (rc)
		return rc;
	*out = f.d;
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

/* --- matching ---------------------------------------------------------------------------------------- */

static bool hex_file(const char *sys_pci, const char *addr, const char *file, unsigned *out)
{
	char path[512];
	bool ok = false;
	FILE *f;

	if (snprintf(path, sizeof(path), "%s/%s/%s", sys_pci, addr, file) >= (int)sizeof(path))
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fscanf(f, "0x%x", out) == 1;
	fclose(f);
	return ok;
}

/* "15b3:1017" of a PCI address; "" for other devices, or when the kernel does not know it. */
static void pci_id_get(const char *sys_pci, const char *device, char *id, size_t cap)
{
	bool domain = strlen(device) > 8 && device[4] == ':';
	unsigned vendor, product;
	char addr[64];

	id[0] = '\0';
	snprintf(addr, sizeof(addr), "%s%.40s", domain ? "" : "0000:", device);
	if (strchr(addr, '/'))
		return;
	if (hex_file(sys_pci, addr, "vendor", &vendor) &&
		hex_file(sys_pci, addr, "device", &product))
		snprintf(id, cap, "%04x:%04x", vendor & 0xffff, product & 0xffff);
}

int driver_match(const char *dir, const char *sys_pci, const char *device, char *name, size_t cap)
{
	char head[64], id[16], path[4096], err[64];
	DIR *d = opendir(dir);
	size_t best = 0;
	struct dirent *e;

	if (!d)
		return -errno;
	snprintf(head, sizeof(head), "%.*s", (int)strcspn(device, ","), device);
	pci_id_get(sys_pci, head, id, sizeof(id));
	snprintf(name, cap, "default");
	while ((e = readdir(d))) {
		struct driver_file f = {.device = head, .pci_id = id};

		if (!stem(e->d_name) || stem(e->d_name) >= cap ||
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= (int)sizeof(path))
			continue;
		/* A broken file is reported when a port names it, by conf_driver_read. */
		if (driver_load(path, &f, err, sizeof(err)) == 0 && f.fit > best) {
			best = f.fit;
			snprintf(name, cap, "%.*s", (int)stem(e->d_name), e->d_name);
		}
	}
	closedir(d);
	return 0;
}

int conf_driver_for_device(const char *dir, const char *device, char *name, size_t cap)
{
	return driver_match(dir, SYS_PCI, device, name, cap);
}

/* Whether ",key=" is among the arguments of device. */
static bool arg_given(const char *device, const char *key, size_t len)
{
	for (const char *a = strchr(device, ','); a; a = strchr(a, ',')) {
		a++;
		if (strcspn(a, "=,") == len && strncmp(a, key, len) == 0)
			return true;
	}
	return false;
}

int conf_device_args(const char *device, const char *devargs, char *out, size_t cap)
{
	size_t used = (size_t)snprintf(out, cap, "%s", device);

	for (const char *a = devargs; *a && used < cap;) {
		size_t len = strcspn(a, ",");

		if (len && !arg_given(device, a, strcspn(a, "=,")))
			used += (size_t)snprintf(out + used, cap - used, ",%.*s", (int)len, a);
		a += len + (a[len] == ',');
	}
	return used < cap ? 0 : -ENAMETOOLONG;
}
