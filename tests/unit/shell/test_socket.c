/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The control socket with a table of the test's own: what clients may do, and what they may not.
 * The test is the loop: it turns it between the clients' steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/api/socket.h"
#include "app/app.h"
#include "app/shell/command.h"

/* --- the table ------------------------------------------------------------------------------------- */

static unsigned commands_run;

static void run_say(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	commands_run++;
	out->value = json_pack("{s:s}", "said", args->rest);
}

static void run_big(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	size_t n = strtoul(cmd_arg(args, "N"), NULL, 10);
	char *text = malloc(n);

	commands_run++;
	assert_non_null(text);
	memset(text, 'x', n);
	out->value = json_stringn(text, n);
	free(text);
}

static void run_latin(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	cmd_fail(out, "caf\xe9");
}

static void run_quit(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	out->quit = true;
}

static const struct cmd rows[] = {
	{"say TEXT...", "says", run_say, NULL},
	{"big N", "a large answer", run_big, NULL},
	{"latin", "an error that is no UTF-8", run_latin, NULL},
	{"quit", "ends", run_quit, NULL},
	{NULL, NULL, NULL, NULL},
};
const struct cmd *const cmd_tables[] = {rows};
const size_t cmd_n_tables = 1;
const struct cmd_kind cmd_kinds[] = {{"TEXT", "text", NULL, NULL}, {"N", "a number", NULL, NULL}};
const size_t cmd_n_kinds = 2;

/* --- the router and its clients ---------------------------------------------------------------------- */

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
	commands_run = 0;
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

static void turn(struct fixture *f)
{
	for (int i = 0; i < 8; i++)
		assert_true(event_base_loop(f->app.loop, EVLOOP_NONBLOCK) >= 0);
}

static int dial_path(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static int dial(struct fixture *f)
{
	int fd = dial_path(f->path);

	turn(f);
	return fd;
}

/* Sends all, turning the loop; false: the other end does not take it any more. */
static bool put(struct fixture *f, int fd, const char *data, size_t len)
{
	unsigned idle = 0;

	while (len > 0 && idle < 100) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return false;
		idle = n > 0 ? 0 : idle + 1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		turn(f);
	}
	return len == 0;
}

static void put_text(struct fixture *f, int fd, const char *text)
{
	assert_true(put(f, fd, text, strlen(text)));
}

/* The next answer; NULL: none comes, or the connection has ended. */
static json_t *get(struct fixture *f, int fd)
{
	static char buf[API_ANSWER_MAX + 4096];
	size_t n = 0;
	json_t *o;

	for (unsigned idle = 0; idle < 200;) {
		ssize_t got = recv(fd, buf + n, 1, 0);

		if (got == 0)
			return NULL;
		if (got < 0) {
			idle++;
			turn(f);
			continue;
		}
		idle = 0;
		if (buf[n++] != '\n') {
			/* then in larger pieces, up to the newline */
			ssize_t more = recv(fd, buf + n, sizeof(buf) - n, MSG_PEEK);
			char *end = more > 0 ? memchr(buf + n, '\n', (size_t)more) : NULL;
			size_t take = more <= 0 ? 0 : end ? (size_t)(end - buf) - n : (size_t)more;

			if (take)
				assert_int_equal(recv(fd, buf + n, take, 0), take);
			n += take;
			continue;
		}
		o = json_loadb(buf, n, 0, NULL);
		assert_non_null(o);
		return o;
	}
	return NULL;
}

static bool ended(struct fixture *f, int fd)
{
	char c;

	turn(f);
	return recv(fd, &c, 1, 0) == 0 || (errno != EAGAIN);
}

static void answers(struct fixture *f, int fd, const char *request, int status, const char *key,
	const char *value)
{
	json_t *o;

	put_text(f, fd, request);
	put_text(f, fd, "\n");
	o = get(f, fd);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "status")), status);
	if (!json_is_string(json_object_get(o, key)) ||
		!strstr(json_string_value(json_object_get(o, key)), value))
		fail_msg("%s: \"%s\" lacks \"%s\"", request, json_dumps(o, 0), value);
	json_decref(o);
}

/* --- protocol ----------------------------------------------------------------------------------------- */

static void command_is_answered_as_text_and_as_json(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	json_t *o;

	answers(f, fd, "{\"command\":\"say hi\"}", 0, "output", "said: hi\n");
	answers(f, fd, "{\"command\":\"say hi\",\"format\":\"text\"}", 0, "output", "said: hi");
	put_text(f, fd, "{\"command\":\"say hi\",\"format\":\"json\"}\n");
	o = get(f, fd);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(o, "output"), "said")), "hi");
	json_decref(o);
	close(fd);
}

static void failure_has_status_and_sentence(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	answers(f, fd, "{\"command\":\"sya hi\"}", 1, "error", "did you mean \"say\"");
	answers(f, fd, "{\"command\":\"latin\"}", 1, "error", "caf?");
	answers(f, fd, "{\"command\":7}", 1, "error", "\"command\"");
	answers(f, fd, "{\"command\":\"say x\",\"format\":\"xml\"}", 1, "error", "format");
	answers(f, fd, "[1]", 1, "error", "not a JSON object");
	answers(f, fd, "show version", 1, "error", "not a JSON object");
	answers(f, fd, "{\"command\":\"say x\"}", 0, "output", "x");
	close(fd);
}

static void completion_is_answered(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	json_t *o;

	put_text(f, fd, "{\"complete\":\"q\"}\n");
	o = get(f, fd);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(o, "output"), 0), "word")),
		"quit");
	json_decref(o);
	close(fd);
}

static void quit_ends_the_connection_only(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f), other = dial(f);
	json_t *o;

	put_text(f, fd, "{\"command\":\"quit\"}\n{\"command\":\"say no\"}\n");
	o = get(f, fd);
	assert_true(json_is_true(json_object_get(o, "quit")));
	json_decref(o);
	assert_true(ended(f, fd));
	assert_int_equal(commands_run, 0);
	answers(f, other, "{\"command\":\"say yes\"}", 0, "output", "yes");
	assert_int_equal(api_clients(f->api), 1);
	close(fd);
	close(other);
}

static void answers_come_in_the_order_of_the_requests(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	char line[64];
	json_t *o;

	for (int i = 0; i < 300; i++) {
		snprintf(line, sizeof(line), "{\"command\":\"say %d.\"}\n", i);
		put_text(f, fd, line);
	}
	for (int i = 0; i < 300; i++) {
		o = get(f, fd);
		snprintf(line, sizeof(line), "said: %d.\n", i);
		assert_string_equal(json_string_value(json_object_get(o, "output")), line);
		json_decref(o);
	}
	close(fd);
}

/* --- hostile clients ------------------------------------------------------------------------------------ */

static void partial_line_waits_and_harms_nobody(void **state)
{
	static const char line[] = "{\"command\":\"say part\"}\n";
	struct fixture *f = *state;
	int fd = dial(f), other = dial(f);
	json_t *o;

	for (size_t i = 0; i + 1 < sizeof(line) - 1; i++) {
		assert_true(put(f, fd, line + i, 1));
		assert_int_equal(commands_run, 0);
	}
	answers(f, other, "{\"command\":\"say whole\"}", 0, "output", "whole");
	put_text(f, fd, "\n");
	o = get(f, fd);
	assert_string_equal(json_string_value(json_object_get(o, "output")), "said: part\n");
	json_decref(o);
	close(fd);
	close(other);
}

static void megabyte_line_is_refused_and_closed(void **state)
{
	struct fixture *f = *state;
	static char mega[1 << 20];
	int fd = dial(f);
	json_t *o;

	memset(mega, 'a', sizeof(mega));
	put(f, fd, mega, sizeof(mega));
	o = get(f, fd);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 1);
	assert_non_null(strstr(json_string_value(json_object_get(o, "error")), "524288"));
	json_decref(o);
	assert_true(ended(f, fd));
	assert_int_equal(api_clients(f->api), 0);
	close(fd);
}

static void longest_command_fits(void **state)
{
	struct fixture *f = *state;
	static char line[CMD_LINE_MAX + 64];
	int fd = dial(f);
	size_t n = (size_t)snprintf(line, sizeof(line), "{\"command\":\"say ");
	json_t *o;

	memset(line + n, 'y', CMD_LINE_MAX - 4);
	strcpy(line + n + CMD_LINE_MAX - 4, "\"}\n");
	put_text(f, fd, line);
	o = get(f, fd);
	assert_int_equal(json_integer_value(json_object_get(o, "status")), 0);
	json_decref(o);
	line[n] = 'y';
	line[n + CMD_LINE_MAX - 4] = 'y';
	strcpy(line + n + CMD_LINE_MAX - 3, "\"}");
	answers(f, fd, line, 1, "error", "65537 bytes");
	close(fd);
}

static void binary_is_refused_line_by_line(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	char junk[4096];
	unsigned seed = 7;
	json_t *o;

	for (size_t i = 0; i < sizeof(junk); i++) {
		seed = seed * 1103515245u + 12345u;
		junk[i] = (char)(seed >> 16);
	}
	junk[sizeof(junk) - 1] = '\n';
	assert_true(put(f, fd, junk, sizeof(junk)));
	put_text(f, fd, "{\"command\":\"say \\u0000x\"}\n{\"command\":\"say \\u0001\"}\n");
	put_text(f, fd, "{\"command\":\"say done\"}\n");
	for (;;) {
		const char *text;

		o = get(f, fd);
		assert_non_null(o);
		text = json_string_value(json_object_get(o, "output"));
		if (text && strcmp(text, "said: done\n") == 0)
			break;
		assert_int_equal(json_integer_value(json_object_get(o, "status")), 1);
		json_decref(o);
	}
	json_decref(o);
	assert_int_equal(commands_run, 1);
	close(fd);
}

static void hundred_clients_are_served_and_one_too_many_is_told(void **state)
{
	struct fixture *f = *state;
	int fds[API_CLIENTS_MAX], late;
	json_t *o;

	for (int i = 0; i < API_CLIENTS_MAX; i++)
		fds[i] = dial(f);
	assert_int_equal(api_clients(f->api), API_CLIENTS_MAX);
	for (int i = 0; i < API_CLIENTS_MAX; i++)
		answers(f, fds[i], "{\"command\":\"say hello\"}", 0, "output", "hello");
	late = dial(f);
	o = get(f, late);
	assert_non_null(o);
	assert_non_null(strstr(json_string_value(json_object_get(o, "error")), "128 clients"));
	json_decref(o);
	assert_true(ended(f, late));
	close(late);
	close(fds[0]);
	turn(f);
	fds[0] = dial(f);
	answers(f, fds[0], "{\"command\":\"say again\"}", 0, "output", "again");
	for (int i = 0; i < API_CLIENTS_MAX; i++)
		close(fds[i]);
	turn(f);
	assert_int_equal(api_clients(f->api), 0);
}

static void client_that_never_reads_gets_no_more_commands_run(void **state)
{
	static const char line[] = "{\"command\":\"big 100000\"}\n";
	struct fixture *f = *state;
	int fd = dial(f), other = dial(f);
	unsigned sent = 0, stuck;
	json_t *o;

	while (sent < 2000 && put(f, fd, line, sizeof(line) - 1))
		sent++;
	stuck = commands_run;
	assert_in_range(stuck, 1, 20); /* what the socket's buffer holds, and a little */
	turn(f);
	assert_int_equal(commands_run, stuck);
	answers(f, other, "{\"command\":\"say unhurt\"}", 0, "output", "unhurt");
	/* it reads after all: everything goes on */
	o = get(f, fd);
	assert_int_equal(json_string_length(json_object_get(o, "output")), 100001);
	json_decref(o);
	for (int i = 0; i < 30; i++) {
		o = get(f, fd);
		assert_non_null(o);
		json_decref(o);
	}
	assert_true(commands_run >= 30);
	close(fd);
	close(other);
	turn(f);
	assert_int_equal(api_clients(f->api), 0);
}

static void answer_beyond_the_limit_is_an_error_that_helps(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);

	answers(f, fd, "{\"command\":\"big 17000000\"}", 1, "error", "limit N");
	answers(f, fd, "{\"command\":\"say on\"}", 0, "output", "on");
	close(fd);
}

static void disconnect_in_the_middle_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++) {
		int fd = dial(f);

		put_text(f, fd, i % 2 ? "{\"command\":\"say" : "{\"command\":\"big 500000\"}\n");
		close(fd);
		turn(f);
		assert_int_equal(api_clients(f->api), 0);
	}
}

static void half_closed_client_still_gets_its_answers(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	json_t *o;

	put_text(f, fd, "{\"command\":\"big 300000\"}\n{\"command\":\"say last\"}\nrest");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	o = get(f, fd);
	assert_int_equal(json_string_length(json_object_get(o, "output")), 300001);
	json_decref(o);
	o = get(f, fd);
	assert_string_equal(json_string_value(json_object_get(o, "output")), "said: last\n");
	json_decref(o);
	assert_true(ended(f, fd));
	assert_int_equal(api_clients(f->api), 0);
	close(fd);
}

static void last_answer_leaves_before_the_socket_closes(void **state)
{
	static const char line[] = "{\"command\":\"say last words\"}\n";
	struct fixture *f = *state;
	int fd = dial(f);
	char buf[256];
	ssize_t n;

	assert_int_equal(send(fd, line, sizeof(line) - 1, 0), sizeof(line) - 1);
	while (!commands_run)
		assert_int_equal(event_base_loop(f->app.loop, EVLOOP_ONCE), 0);
	api_free(f->api);
	f->api = NULL;
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "last words"));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(command_is_answered_as_text_and_as_json),
		TEST(failure_has_status_and_sentence),
		TEST(completion_is_answered),
		TEST(quit_ends_the_connection_only),
		TEST(answers_come_in_the_order_of_the_requests),
		TEST(partial_line_waits_and_harms_nobody),
		TEST(megabyte_line_is_refused_and_closed),
		TEST(longest_command_fits),
		TEST(binary_is_refused_line_by_line),
		TEST(hundred_clients_are_served_and_one_too_many_is_told),
		TEST(client_that_never_reads_gets_no_more_commands_run),
		TEST(answer_beyond_the_limit_is_an_error_that_helps),
		TEST(disconnect_in_the_middle_leaves_nothing),
		TEST(half_closed_client_still_gets_its_answers),
		TEST(last_answer_leaves_before_the_socket_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
