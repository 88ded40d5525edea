/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Starting DPDK's environment: arguments from the command line or the file, the rest derived from
 * the machine.
 */
#pragma once

#include "app/conf/conf.h"

/* What EAL was started with, as the rest of the boot needs it. */
struct eal_result {
	unsigned n_workers; /* worker lcores; 0: everything on the control lcore */
	unsigned lcores[64];
	bool huge;      /* hugepages in use */
	bool dedicated; /* every lcore has a CPU of its own */
	bool telemetry; /* EAL listens on dpdk_telemetry.v2 in runtime_dir */
	char runtime_dir[256];
};

/* Small buffers for the copies of short packets: how many for the file's number of buffers. */
uint32_t eal_small_mbufs(const struct conf *conf);
/* Largest MTU of a port in the file, 0 where none says. */
uint16_t eal_mtu_max(const struct conf *conf);

/* Initialises EAL. given: EAL arguments of the command line (n_given 0: those of the file, or
 * derived ones). 0, or -errno with cause and mending command in err. */
int eal_start(const struct conf *conf, char **given, int n_given, struct eal_result *out, char *err,
	size_t err_cap);
/* Cleans up and removes the runtime directory. */
void eal_stop(void);
