/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * write and save: which files are replaced, which are not, and that nothing half-written stays.
 */
#include "tests/unit/shell/router.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bed {
	struct router *r;
	char dir[64];
	mode_t mask;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	void *r = NULL;

	if (!b || router_setup(&r))
		return -1;
	b->r = r;
	b->mask = umask(022);
	strcpy(b->dir, "/tmp/starg-test-XXXXXX");
	*state = b;
	return mkdtemp(b->dir) ? 0 : -1;
}

static unsigned files_in(const char *dir, bool remove_them)
{
	DIR *d = opendir(dir);
	char path[512];
	unsigned n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (remove_them)
			remove(path);
	}
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	struct bed *b = *state;
	void *r = b->r;

	files_in(b->dir, true);
	rmdir(b->dir);
	umask(b->mask);
	free(b);
	return router_teardown(&r);
}

/* DIR/name, valid until the next. */
static const char *in_dir(const struct bed *b, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	return path;
}

static const char *line(const struct bed *b, const char *name, const char *behind)
{
	static char text[160];

	snprintf(text, sizeof(text), "write %s%s", in_dir(b, name), behind);
	return text;
}

static void fill(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *content(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* --- write ------------------------------------------------------------------------------------------- */

static void written_file_is_the_shown_config(void **state)
{
	struct bed *b = *state;
	const char *path;

	run_ok(b->r, "add route 10.0.0.2 239.1.1.9 input src output lan1");
	path = text_at(run_ok(b->r, line(b, "new", "")), "file");
	assert_string_equal(path, in_dir(b, "new"));
	assert_string_equal(content(in_dir(b, "new")), run_text(b->r, "show config"));
	assert_int_equal(mode_of(in_dir(b, "new")), 0644);
	assert_int_equal(files_in(b->dir, false), 1);
}

static void existing_file_is_replaced_only_when_told_and_keeps_its_mode(void **state)
{
	struct bed *b = *state;

	fill(in_dir(b, "old"), "mine\n");
	chmod(in_dir(b, "old"), 0600);
	run_fails(b->r, line(b, "old", ""), "exists already: `write");
	assert_string_equal(content(in_dir(b, "old")), "mine\n");
	run_ok(b->r, line(b, "old", " replace"));
	assert_string_equal(content(in_dir(b, "old")), run_text(b->r, "show config"));
	assert_int_equal(mode_of(in_dir(b, "old")), 0600);
	assert_int_equal(files_in(b->dir, false), 1);
}

static void other_things_than_files_are_never_replaced(void **state)
{
	struct bed *b = *state;
	char target[128];

	strcpy(target, in_dir(b, "target"));
	fill(target, "mine\n");
	assert_int_equal(symlink(target, in_dir(b, "link")), 0);
	assert_int_equal(mkfifo(in_dir(b, "fifo"), 0600), 0);
	run_fails(b->r, line(b, "link", " replace"), "a symbolic link, not a regular file");
	run_fails(b->r, line(b, "fifo", " replace"), "a FIFO");
	run_fails(b->r, line(b, ".", " replace"), "a directory");
	run_fails(b->r, line(b, "", ""), "is no name of a file");
	run_fails(b->r, line(b, "no/where", ""), "no/: No such file");
	assert_string_equal(content(target), "mine\n");
	assert_int_equal(files_in(b->dir, false), 3);
}

static void text_that_the_router_would_refuse_is_not_written(void **state)
{
	struct bed *b = *state;

	fill(in_dir(b, "old"), "mine\n");
	b->r->app.conf->router.mbufs = 1;
	run_fails(b->r, line(b, "old", " replace"), "stargd would refuse it");
	assert_string_equal(content(in_dir(b, "old")), "mine\n");
	assert_int_equal(files_in(b->dir, false), 1);
}

/* --- save --------------------------------------------------------------------------------------------- */

static void save_replaces_the_file_that_was_read(void **state)
{
	struct bed *b = *state;

	run_ok(b->r, "add route 10.0.0.2 239.1.1.9 input src output lan1");
	run_ok(b->r, "save");
	assert_string_equal(content(b->r->path), run_text(b->r, "show config"));
	run_ok(b->r, "set interface lan1 down");
	run_ok(b->r, "save"); /* what it wrote itself is no change by somebody else */
	assert_string_equal(content(b->r->path), run_text(b->r, "show config"));
}

static void save_leaves_a_file_that_somebody_changed(void **state)
{
	struct bed *b = *state;
	FILE *f = fopen(b->r->path, "a");

	assert_non_null(f);
	fputs("# mine\n", f);
	fclose(f);
	run_fails(b->r, "save", "was changed after stargd read it: `reload`");
	assert_non_null(strstr(content(b->r->path), "# mine\n"));
}

static void save_makes_a_removed_file_again(void **state)
{
	struct bed *b = *state;

	unlink(b->r->path);
	run_ok(b->r, "save");
	assert_string_equal(content(b->r->path), run_text(b->r, "show config"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(written_file_is_the_shown_config),
		TEST(existing_file_is_replaced_only_when_told_and_keeps_its_mode),
		TEST(other_things_than_files_are_never_replaced),
		TEST(text_that_the_router_would_refuse_is_not_written),
		TEST(save_replaces_the_file_that_was_read),
		TEST(save_leaves_a_file_that_somebody_changed),
		TEST(save_makes_a_removed_file_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
