/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control socket's file: made, guarded, replaced, removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/api/socket.h"
#include "app/app.h"
#include "app/shell/command.h"

/* No commands: nobody asks. */
const struct cmd *const cmd_tables[] = {NULL};
const size_t cmd_n_tables = 0;
const struct cmd_kind cmd_kinds[] = {{"N", "a number", NULL, NULL}};
const size_t cmd_n_kinds = 0;

struct fixture {
	struct app app;
	struct api *api;
	char dir[64], path[80];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char err[512];

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/starg-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/run/s.sock", f->dir);
	f->app.loop = event_base_new();
	assert_non_null(f->app.loop);
	assert_int_equal(api_new(&f->api, &f->app, f->path, err, sizeof(err)), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char run[80];

	api_free(f->api);
	event_base_free(f->app.loop);
	unlink(f->path);
	snprintf(run, sizeof(run), "%s/run", f->dir);
	rmdir(run);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void second_router_is_told_that_the_socket_is_in_use(void **state)
{
	struct fixture *f = *state;
	struct api *second = NULL;
	char err[512];

	assert_int_equal(api_new(&second, &f->app, f->path, err, sizeof(err)), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(err, "already in use by a running stargd"));
	assert_int_equal(access(f->path, F_OK), 0);
}

static void stale_socket_is_replaced_and_mode_is_0660(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;
	char err[512];
	int fd;

	api_free(f->api);
	f->api = NULL;
	assert_int_equal(access(f->path, F_OK), -1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(addr.sun_path, f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd); /* the file stays, nobody listens */
	assert_int_equal(api_new(&f->api, &f->app, f->path, err, sizeof(err)), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void paths_that_cannot_be_are_explained(void **state)
{
	struct fixture *f = *state;
	struct api *api = NULL;
	char err[512], path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/plain", f->dir);
	file = fopen(path, "w");
	fclose(file);
	assert_int_equal(api_new(&api, &f->app, path, err, sizeof(err)), -EEXIST);
	assert_non_null(strstr(err, "is no socket"));
	strcat(path, "/below");
	assert_int_equal(api_new(&api, &f->app, path, err, sizeof(err)), -ENOTDIR);
	assert_non_null(strstr(err, path));
	snprintf(path, sizeof(path), "%s/plain", f->dir);
	unlink(path);
	memset(path, 'p', 200);
	path[0] = '/';
	path[200] = '\0';
	assert_int_equal(api_new(&api, &f->app, path, err, sizeof(err)), -ENAMETOOLONG);
	assert_non_null(strstr(err, "control: { socket"));
	assert_int_equal(api_new(&api, &f->app, "/proc/starg/x.sock", err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "/proc/starg"));
}

static void socket_of_another_is_not_removed(void **state)
{
	struct fixture *f = *state;
	struct api *second = NULL;
	char err[512];

	unlink(f->path);
	assert_int_equal(api_new(&second, &f->app, f->path, err, sizeof(err)), 0);
	api_free(f->api);
	f->api = second;
	assert_int_equal(access(f->path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_router_is_told_that_the_socket_is_in_use),
		TEST(stale_socket_is_replaced_and_mode_is_0660),
		TEST(paths_that_cannot_be_are_explained),
		TEST(socket_of_another_is_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
