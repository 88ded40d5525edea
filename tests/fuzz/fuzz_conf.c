/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The configuration reader on any text. A file that is refused is refused in lines that each name the file;
 * one that is accepted is printed, and what is printed is accepted, differs in nothing that a reload would
 * have to change, and is printed as the same text.
 */
#include "app/conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                             \
		}                                                                            \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file with this text; its name stays valid. */
static const char *file_of(const void *text, size_t len)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("conf", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
	CHECK(pwrite(fd, text, len, 0) == (ssize_t)len);
	return path;
}

static char *printed(const struct conf *c, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	CHECK(f);
	conf_print(c, f);
	CHECK(fclose(f) == 0 && text);
	return text;
}

/* "FILE: ..." or "FILE:LINE: ..." each. */
static void messages_check(const char *path, char *err)
{
	char *rest = err;

	CHECK(*err && strlen(err) < CONF_ERRLEN);
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *p = line + strlen(path);

		CHECK(strncmp(line, path, strlen(path)) == 0 && *p == ':');
		if (p[1] != ' ') {
			CHECK(strtoul(p + 1, &p, 10) > 0);
			CHECK(*p == ':' && p[1] == ' ');
		}
		CHECK(strlen(p) > 2);
	}
}

static void round_trip(const struct conf *c)
{
	size_t len, len2;
	char *text = printed(c, &len), *text2, err[CONF_ERRLEN];
	struct conf_change *changes = NULL;
	struct conf *again = NULL;

	if (conf_read(file_of(text, len), &again, err, sizeof(err))) {
		fprintf(stderr, "printed:\n%s\nrefused:\n%s\n", text, err);
		abort();
	}
	text2 = printed(again, &len2);
	if (len != len2 || memcmp(text, text2, len) != 0 || conf_diff(c, again, &changes) != 0) {
		fprintf(stderr, "first:\n%s\nsecond:\n%s\n", text, text2);
		abort();
	}
	free(changes);
	conf_free(again);
	free(text);
	free(text2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = file_of(data, size);
	char err[CONF_ERRLEN] = "";
	struct conf *c = NULL;
	int rc = conf_read(path, &c, err, sizeof(err));

	if (rc) {
		CHECK(rc == -EINVAL && !c);
		messages_check(path, err);
		return 0;
	}
	CHECK(c && !*err);
	round_trip(c);
	conf_free(c);
	return 0;
}
