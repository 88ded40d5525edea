/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Driver files: those of drivers-cfg are right and found by device; wrong ones say why.
 */
#include "conf_test.h"

#include "app/conf/conf_priv.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRIVERS SOURCE_DIR "/drivers-cfg"

static void every_file_of_drivers_cfg_is_right(void **state)
{
	DIR *d = opendir(DRIVERS);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		char name[64], err[CONF_ERRLEN] = "";
		struct conf_driver drv;
		const char *dot = strstr(e->d_name, ".conf");

		if (!dot)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(dot - e->d_name), e->d_name);
		if (conf_driver_read(DRIVERS, name, &drv, err, sizeof(err)))
			fail_msg("%s", err);
		assert_string_equal(drv.name, name);
		assert_true(drv.description[0] && drv.offloads[0] && drv.tried[0]);
		assert_false(drv.mbuf_fast_free);
		n++;
	}
	closedir(d);
	assert_int_equal(n, 13);
}

static void values_of_a_driver_file_arrive(void **state)
{
	char err[CONF_ERRLEN];
	struct conf_driver d;

	assert_int_equal(conf_driver_read(DRIVERS, "ice", &d, err, sizeof(err)), 0);
	assert_string_equal(d.description, "Intel Ethernet 800 series");
	assert_string_equal(d.devargs, "safe-mode-support=1");
	assert_string_equal(d.bind, "vfio-pci");
	assert_int_equal(d.rx_queues, 16);
	assert_int_equal(d.rx_desc, 1024);
	assert_int_equal(conf_driver_read(DRIVERS, "mlx5", &d, err, sizeof(err)), 0);
	assert_string_equal(d.bind, "");
	assert_int_equal(conf_driver_read(DRIVERS, "pcap", &d, err, sizeof(err)), 0);
	assert_int_equal(d.rx_desc, 0);
	assert_int_equal(d.tx_queues, 1);
}

static void a_missing_driver_lists_those_there_are(void **state)
{
	char err[CONF_ERRLEN];
	struct conf_driver d;

	assert_int_equal(conf_driver_read(DRIVERS, "mlx9", &d, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "no driver file 'mlx9'; there are:"));
	assert_non_null(strstr(err, " mlx5"));
	assert_int_equal(conf_driver_read(DRIVERS, "../x", &d, err, sizeof(err)), -ENOENT);
	assert_int_equal(conf_driver_read("/nonexistent", "mlx5", &d, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "is this the directory drivers-cfg?"));
}

static void vdevs_find_their_driver_by_name(void **state)
{
	static const char *const pairs[][2] = {{"net_af_packet0,iface=veth1", "af_packet"},
		{"net_af_xdp0,iface=veth1", "af_xdp"}, {"net_pcap1,rx_pcap=x", "pcap"},
		{"net_null0", "null"}, {"net_ring0", "ring"}, {"net_memif3,role=client", "memif"},
		{"net_virtio_user0,path=/x", "virtio"}, {"net_vhost0,iface=/x", "vhost"},
		{"auxiliary:mlx5_core.sf.4", "mlx5"}, {"net_unheard_of0", "default"},
		{"0000:ff:1f.7", "default"}};
	char name[32];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(
			conf_driver_for_device(DRIVERS, pairs[i][0], name, sizeof(name)), 0);
		assert_string_equal(name, pairs[i][1]);
	}
	assert_int_equal(
		conf_driver_for_device("/nonexistent", "net_null0", name, sizeof(name)), -ENOENT);
}

static void text_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* A temporary directory with one file, removed by dir_remove. */
static void dir_make(char *dir, const char *file, const char *text)
{
	char path[256];

	strcpy(dir, "/tmp/starg-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	text_write(path, text);
}

static void dir_remove(const char *dir, const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

static void pci_devices_find_their_driver_by_the_kernels_ids(void **state)
{
	static const struct {
		const char *vendor, *device, *driver;
	} nics[] = {{"0x15b3\n", "0x1017\n", "mlx5"}, {"0x8086\n", "0x159b\n", "ice"},
		{"0x8086\n", "0x1572\n", "i40e"}, {"0x8086\n", "0x10fb\n", "ixgbe"},
		{"0x1af4\n", "0x1000\n", "virtio"}, {"0x1234\n", "0x1017\n", "default"}};
	char sys[64], dev[128], path[256], name[32];

	for (size_t i = 0; i < sizeof(nics) / sizeof(nics[0]); i++) {
		strcpy(sys, "/tmp/starg-test-XXXXXX");
		assert_non_null(mkdtemp(sys));
		snprintf(dev, sizeof(dev), "%s/0000:3b:00.0", sys);
		assert_int_equal(mkdir(dev, 0700), 0);
		snprintf(path, sizeof(path), "%s/vendor", dev);
		text_write(path, nics[i].vendor);
		snprintf(path, sizeof(path), "%s/device", dev);
		text_write(path, nics[i].device);
		assert_int_equal(driver_match(DRIVERS, sys, "3b:00.0,x=1", name, sizeof(name)), 0);
		assert_string_equal(name, nics[i].driver);
		unlink(path);
		dir_remove(dev, "vendor");
		assert_int_equal(rmdir(sys), 0);
	}
}

static void a_wrong_driver_file_says_why(void **state)
{
	char dir[64], err[CONF_ERRLEN], expected[1024];
	struct conf_driver d;

	dir_make(dir, "x.conf",
		"description = \"x\";\nmatch = \"net_x\";\nrxqueues = 5;\n"
		"mbuf_fast_free = true;\noffloads = \"none\";\ntried = \"no\";\n");
	assert_int_equal(conf_driver_read(dir, "x", &d, err, sizeof(err)), -EINVAL);
	snprintf(expected, sizeof(expected),
		"%s/x.conf:2: match of the driver file must be a list of strings such as [ "
		"\"net_af_packet\" ], not a string\n"
		"%s/x.conf:3: unknown key 'rxqueues' in the driver file: did you mean 'rx_queues'?\n"
		"%s/x.conf:4: mbuf_fast_free of the driver file: this offload demands that no buffer is "
		"shared, and starg shares buffers between outputs; remove it",
		dir, dir, dir);
	assert_string_equal(err, expected);
	dir_remove(dir, "x.conf");
}

static void a_broken_driver_file_does_not_hide_the_others(void **state)
{
	char dir[64], name[32];

	dir_make(dir, "x.conf", "description = ");
	assert_int_equal(conf_driver_for_device(dir, "net_null0", name, sizeof(name)), 0);
	assert_string_equal(name, "default");
	dir_remove(dir, "x.conf");
}

static void arguments_of_the_device_win(void **state)
{
	char out[64];

	assert_int_equal(conf_device_args("net_x0,iface=a,framesz=9", "qpairs=1,framesz=2", out,
				 sizeof(out)),
		0);
	assert_string_equal(out, "net_x0,iface=a,framesz=9,qpairs=1");
	assert_int_equal(conf_device_args("3b:00.0", "a=1,b=2", out, sizeof(out)), 0);
	assert_string_equal(out, "3b:00.0,a=1,b=2");
	assert_int_equal(conf_device_args("net_null0", "", out, sizeof(out)), 0);
	assert_string_equal(out, "net_null0");
	assert_int_equal(conf_device_args("net_null0", "a=1", out, 12), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_of_drivers_cfg_is_right),
		cmocka_unit_test(values_of_a_driver_file_arrive),
		cmocka_unit_test(a_missing_driver_lists_those_there_are),
		cmocka_unit_test(vdevs_find_their_driver_by_name),
		cmocka_unit_test(pci_devices_find_their_driver_by_the_kernels_ids),
		cmocka_unit_test(a_wrong_driver_file_says_why),
		cmocka_unit_test(a_broken_driver_file_does_not_hide_the_others),
		cmocka_unit_test(arguments_of_the_device_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
