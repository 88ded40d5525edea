/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Helpers of the configuration tests.
 */
#include "conf_test.h"

#include <errno.h>
#include <unistd.h>

/* Replaces the path of the temporary file by F. */
static void path_hide(char *err, const char *path)
{
	size_t len = strlen(path);

	for (char *p = strstr(err, path); p; p = strstr(p + 1, path)) {
		*p = 'F';
		memmove(p + 1, p + len, strlen(p + len) + 1);
	}
}

int text_read(const char *text, size_t len, struct conf **out, char *err, size_t cap)
{
	char path[] = "/tmp/starg-test-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	err[0] = '\0';
	rc = conf_read(path, out, err, cap);
	unlink(path);
	path_hide(err, path);
	return rc;
}

struct conf *right(const char *text)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;
	int rc = text_read(text, strlen(text), &c, err, sizeof(err));

	if (rc)
		print_error("%s\n", err);
	assert_int_equal(rc, 0);
	assert_string_equal(err, "");
	assert_non_null(c);
	return c;
}

void wrong(const char *text, const char *messages)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;
	int rc = text_read(text, strlen(text), &c, err, sizeof(err));

	assert_string_equal(err, messages);
	assert_int_equal(rc, -EINVAL);
	assert_null(c);
}

char *printed(const struct conf *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	conf_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}
