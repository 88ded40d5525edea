/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What EAL leaves behind when a test program ends: its runtime directory, which holds no directories.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <rte_eal.h>
#include <stdio.h>
#include <unistd.h>

/* Ends EAL and removes its directory. */
static inline void eal_end(void)
{
	char path[512];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	(void)rmdir(path);
}
