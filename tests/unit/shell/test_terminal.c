/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The line editor on a pseudo terminal, and lines from a pipe. The shell is a child process; the test
 * is the person at the keyboard.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "app/shell/command.h"
#include "app/shell/terminal.h"

/* --- the shell ---------------------------------------------------------------------------------------- */

static struct terminal *shell;

static void on_line(void *arg, const char *line)
{
	if (strlen(line) > 200)
		printf("long %zu\n", strlen(line));
	else
		printf("got <%s>\n", line);
	if (strcmp(line, "bye") == 0)
		terminal_close(shell);
	if (strcmp(line, "crash") == 0)
		abort();
}

static json_t *on_complete(void *arg, const char *line)
{
	if (strcmp(line, "a") == 0)
		return json_pack("[{s:s,s:s}]", "word", "alpha", "help", "first");
	if (strcmp(line, "b") == 0)
		return json_pack("[{s:s,s:s},{s:s,s:s}]", "word", "bitter", "help", "no", "word",
			"bitten", "help", "yes");
	if (strcmp(line, "bitte") == 0)
		return json_pack("[{s:s,s:s},{s:s,s:s}]", "word", "bitter", "help", "no", "word",
			"bitten", "help", "yes");
	return json_array();
}

static void run_shell(void)
{
	struct terminal_env env = {.line = on_line, .complete = on_complete};

	shell = terminal_new(&env, "test> ");
	if (!shell)
		_exit(9);
	while (terminal_read(shell))
		;
	terminal_free(shell);
	exit(0);
}

/* --- the person ---------------------------------------------------------------------------------------- */

struct session {
	pid_t pid;
	int fd, keep; /* keep: the slave end, so that its mode can be looked at afterwards */
	char seen[65536];
	size_t len;
};

static int setup(void **state)
{
	struct session *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(openpty(&s->fd, &s->keep, NULL, NULL, NULL), 0);
	fflush(NULL);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		login_tty(s->keep);
		run_shell();
	}
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct session *s = *state;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->fd);
	close(s->keep);
	free(s);
	return 0;
}

static void type(struct session *s, const char *keys)
{
	assert_int_equal(write(s->fd, keys, strlen(keys)), strlen(keys));
}

/* Reads until text is seen, and forgets all up to it. */
static void see(struct session *s, const char *text)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	char *found;
	ssize_t n;

	while (!(found = strstr(s->seen, text))) {
		if (poll(&p, 1, 10000) != 1)
			fail_msg("\"%s\" is not in \"%s\"", text, s->seen);
		n = read(s->fd, s->seen + s->len, sizeof(s->seen) - s->len - 1);
		assert_true(n > 0);
		s->len += (size_t)n;
		s->seen[s->len] = '\0';
	}
	s->len -= (size_t)(found - s->seen) + strlen(text);
	memmove(s->seen, found + strlen(text), s->len + 1);
}

static int exit_status(struct session *s)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	return status;
}

static bool echoes(const struct session *s)
{
	struct termios t;

	assert_int_equal(tcgetattr(s->keep, &t), 0);
	return t.c_lflag & ECHO;
}

static void line_is_run_and_prompt_comes_back(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "show it\r");
	see(s, "got <show it>");
	see(s, "test> ");
	type(s, "\r");
	see(s, "test> ");
}

static void editing_keys_edit(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "helo\x7fpo\x01x\r"); /* backspace, line start */
	see(s, "got <xhelpo>");
	see(s, "test> ");
	type(s, "lost\x03");
	see(s, "test> ");
	type(s, "kept\r");
	see(s, "got <kept>");
	see(s, "test> ");
	type(s, "wrong\x01\x15right\r"); /* ^U clears the line, wherever the cursor stands */
	see(s, "got <right>");
}

static void history_brings_lines_back(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "one\rtwo\r");
	see(s, "got <two>");
	type(s, "\x1b[A\x1b[A\r");
	see(s, "got <one>");
}

static void tab_completes_or_lists(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "a\t!\r");
	see(s, "got <alpha !>");
	type(s, "b\t");
	see(s, "itte");
	type(s, "\t");
	see(s, "bitter ");
	see(s, "yes");
	type(s, "n\r");
	see(s, "got <bitten>");
	type(s, "z\tz\r");
	see(s, "got <zz>");
}

static void end_of_file_and_close_leave_the_tty_as_it_was(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	assert_false(echoes(s));
	type(s, "bye\r");
	see(s, "got <bye>");
	assert_int_equal(exit_status(s), 0);
	assert_true(echoes(s));
}

static void control_d_ends_the_shell(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "\x04");
	assert_int_equal(exit_status(s), 0);
	assert_true(echoes(s));
}

static void deadly_signal_leaves_the_tty_as_it_was(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	kill(s->pid, SIGTERM);
	assert_int_equal(WTERMSIG(exit_status(s)), SIGTERM);
	assert_true(echoes(s));
}

static void crash_in_a_command_leaves_the_tty_as_it_was(void **state)
{
	struct session *s = *state;

	see(s, "test> ");
	type(s, "crash\r");
	assert_true(WIFSIGNALED(exit_status(s)));
	assert_true(echoes(s));
}

static void long_lines_do_not_overflow(void **state)
{
	struct session *s = *state;
	char keys[3000];

	see(s, "test> ");
	memset(keys, 'k', sizeof(keys) - 1);
	keys[sizeof(keys) - 1] = '\0';
	type(s, keys);
	type(s, "\r");
	see(s, "long ");
	see(s, "test> ");
	type(s, "after\r");
	see(s, "got <after>");
}

/* --- lines from a pipe ------------------------------------------------------------------------------------ */

/* Runs the shell on a pipe with this input; its output. */
static char *piped(const char *input, size_t len)
{
	static char out[65536];
	int in[2], answer[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(answer), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(answer[1], 1);
		dup2(answer[1], 2);
		close(in[1]);
		close(answer[0]);
		run_shell();
	}
	close(in[0]);
	close(answer[1]);
	while (len > 0 && (got = write(in[1], input, len)) > 0) {
		input += got;
		len -= (size_t)got;
	}
	close(in[1]);
	while ((got = read(answer[0], out + n, sizeof(out) - n - 1)) > 0)
		n += (size_t)got;
	close(answer[0]);
	out[n] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return out;
}

static void lines_of_a_pipe_are_run_without_prompt(void **state)
{
	assert_string_equal(
		piped("one\n\n  \ntwo\r\nlast", 17), "got <one>\ngot <two>\ngot <last>\n");
}

static void closed_shell_takes_no_more_lines(void **state)
{
	assert_string_equal(piped("bye\nmore\n", 9), "got <bye>\n");
}

static void longest_line_of_a_pipe_is_taken_and_longer_ones_are_not(void **state)
{
	static char text[CMD_LINE_MAX + 100];

	memset(text, 'x', sizeof(text));
	text[CMD_LINE_MAX] = '\n';
	assert_string_equal(piped(text, CMD_LINE_MAX + 1), "long 65536\n");
	text[CMD_LINE_MAX] = 'x';
	memcpy(text + sizeof(text) - 7, "\nafter\n", 7);
	assert_non_null(strstr(piped(text, sizeof(text)), "left out"));
	assert_non_null(strstr(piped(text, sizeof(text)), "got <after>"));
}

static void nul_byte_does_not_end_a_line_unseen(void **state)
{
	assert_string_equal(piped("a\0b\n", 4), "got <a\1b>\n");
}

#define TTY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TTY(line_is_run_and_prompt_comes_back),
		TTY(editing_keys_edit),
		TTY(history_brings_lines_back),
		TTY(tab_completes_or_lists),
		TTY(end_of_file_and_close_leave_the_tty_as_it_was),
		TTY(control_d_ends_the_shell),
		TTY(deadly_signal_leaves_the_tty_as_it_was),
		TTY(crash_in_a_command_leaves_the_tty_as_it_was),
		TTY(long_lines_do_not_overflow),
		cmocka_unit_test(lines_of_a_pipe_are_run_without_prompt),
		cmocka_unit_test(closed_shell_takes_no_more_lines),
		cmocka_unit_test(longest_line_of_a_pipe_is_taken_and_longer_ones_are_not),
		cmocka_unit_test(nul_byte_does_not_end_a_line_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
