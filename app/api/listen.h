/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Private to the API: the listening Unix socket and its file.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

struct listen_socket {
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev; /* of the file we made: another's is not ours to remove */
	ino_t ino;
};

/* 0, or -errno with a sentence: path, cause, what to do. */
int listen_open(struct listen_socket *s, const char *path, char *err, size_t cap);
void listen_close(struct listen_socket *s);
