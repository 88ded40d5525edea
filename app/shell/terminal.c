/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The line editor. On a tty librte_cmdline's rdline does the editing (its lines end at 512
 * characters); from a file or pipe lines of up to CMD_LINE_MAX bytes are taken as they come.
 *
 * The tty's mode is process-wide state that must be put back whatever happens, so it lives in file
 * scope here: the handler of a deadly signal has no other way to it.
 */
#define ALLOW_EXPERIMENTAL_API /* rdline_new and its opaque: the way to rdline without cmdline */

#include "app/shell/terminal.h"

#include "app/shell/command.h"

#include <cmdline_rdline.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PROMPT_MAX 64
#define MATCHES_MAX 4096 /* completions shown at once */
#define CTRL_A 1
#define CTRL_C 3
#define CTRL_K 11
#define CTRL_U 21

struct terminal {
	struct terminal_env env;
	struct rdline *rdl; /* NULL: not a tty */
	char prompt[PROMPT_MAX];
	json_t *matches; /* of the completion going on */
	char *line;      /* not a tty: what has come of the line */
	size_t len, cap;
	bool too_long; /* the rest of the line is thrown away */
	bool closed;
	bool busy;
	char *kept; /* not a tty: what came behind the line that is being run, n_kept bytes */
	size_t n_kept;
};

/* --- mode of the tty ------------------------------------------------------------------------- */

static struct termios tty_before;
static volatile sig_atomic_t tty_raw;

static const int deadly[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static void tty_restore(void)
{
	if (tty_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &tty_before);
	tty_raw = 0;
}

static void tty_make_raw(void)
{
	struct termios raw = tty_before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0)
		tty_raw = 1;
}

/* SA_RESETHAND: raising it again ends the process as the signal would have. */
static void on_deadly_signal(int sig)
{
	tty_restore();
	raise(sig);
}

/* Takes signals that nobody handles: whoever does (the loop) leaves through terminal_free. */
static void guard_signals(void)
{
	struct sigaction sa = {.sa_handler = on_deadly_signal, .sa_flags = (int)SA_RESETHAND};
	struct sigaction old;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(deadly[i], &sa, NULL);
}

/* --- rdline's callbacks ---------------------------------------------------------------------- */

static int put_char(struct rdline *rdl, char c)
{
	return putchar((unsigned char)c) == EOF ? -1 : 1;
}

static void run_line(struct terminal *t, const char *line)
{
	if (line[strspn(line, " \t")] == '\0')
		return;
	t->env.line(t->env.arg, line);
	fflush(stdout);
}

static void validate(struct rdline *rdl, const char *buf, unsigned int size)
{
	struct terminal *t = rdline_get_opaque(rdl);
	char *line = strdup(buf);

	if (!line)
		return;
	line[strcspn(line, "\r\n")] = '\0';
	if (t->env.interruptible)
		tty_restore();
	run_line(t, line);
	free(line);
	if (!t->closed && !tty_raw)
		tty_make_raw();
}

/* The last word of a line as completion sees it. */
static const char *last_word(const char *line)
{
	const char *s = line + strlen(line);

	while (s > line && s[-1] != ' ' && s[-1] != '\t')
		s--;
	return s;
}

static const char *match_word(const json_t *matches, size_t i)
{
	const char *w = json_string_value(json_object_get(json_array_get(matches, i), "word"));

	return w ? w : "";
}

/* Length of what all matches have in common. */
static size_t common_len(const json_t *matches)
{
	const char *first = match_word(matches, 0);
	size_t len = strlen(first);

	for (size_t i = 1; i < json_array_size(matches); i++) {
		size_t n = 0;

		while (n < len && match_word(matches, i)[n] == first[n])
			n++;
		len = n;
	}
	return len;
}

/* Typed text that can be added: 1 and dst, or 0. */
static int extend(const struct terminal *t, const char *line, char *dst, unsigned int size)
{
	size_t typed = strlen(last_word(line)), common = common_len(t->matches);
	bool one = json_array_size(t->matches) == 1 && common > 0;
	const char *word = match_word(t->matches, 0);

	if (common < typed || (common == typed && !one))
		return 0;
	/* a directory is not the end of a FILE */
	if (one && word[common - 1] == '/')
		one = false;
	snprintf(dst, size, "%.*s%s", (int)(common - typed), word + typed, one ? " " : "");
	return dst[0] != '\0';
}

/* Match i as a line of the list. */
static int list_item(const struct terminal *t, size_t i, char *dst, unsigned int size)
{
	const json_t *m = json_array_get(t->matches, i);
	const char *help = json_string_value(json_object_get(m, "help"));

	if (!m || i >= MATCHES_MAX)
		return 0;
	if (*match_word(t->matches, i))
		snprintf(dst, size, "%-20s %s", match_word(t->matches, i), help ? help : "");
	else
		snprintf(dst, size, "%s", help ? help : "");
	return 1;
}

/* rdline calls with state 0 (tab) or -1 (?) first, then again for each item of a list. */
static int complete(struct rdline *rdl, const char *buf, char *dst, unsigned int size, int *state)
{
	struct terminal *t = rdline_get_opaque(rdl);

	if (*state > 0)
		return list_item(t, (size_t)(*state)++, dst, size);
	json_decref(t->matches);
	t->matches = t->env.complete ? t->env.complete(t->env.arg, buf) : NULL;
	if (!json_array_size(t->matches))
		return 0;
	if (*state == 0 && extend(t, buf, dst, size))
		return RDLINE_RES_COMPLETE;
	*state = 1;
	return list_item(t, 0, dst, size);
}

/* --- plain lines ----------------------------------------------------------------------------- */

static bool plain_char(struct terminal *t, char c)
{
	if (t->len + 1 >= t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		char *grown = realloc(t->line, cap);

		if (!grown)
			return false;
		t->line = grown;
		t->cap = cap;
	}
	t->line[t->len++] = c;
	return true;
}

static void plain_end(struct terminal *t)
{
	if (t->too_long)
		fprintf(stderr, "error: a line longer than %d bytes was left out\n", CMD_LINE_MAX);
	else if (t->len && plain_char(t, '\0'))
		run_line(t, t->line);
	t->len = 0;
	t->too_long = false;
}

static void plain_in(struct terminal *t, char c)
{
	if (c == '\n') {
		plain_end(t);
		return;
	}
	if (t->len > CMD_LINE_MAX)
		t->too_long = true;
	/* NUL would end the line unseen: as a control character it is refused by name */
	if (!t->too_long && c != '\r')
		plain_char(t, c ? c : '\1');
}

/* --- the terminal ----------------------------------------------------------------------------- */

struct terminal *terminal_new(const struct terminal_env *env, const char *prompt)
{
	struct terminal *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->env = *env;
	snprintf(t->prompt, sizeof(t->prompt), "%s", prompt);
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &tty_before))
		return t;
	t->rdl = rdline_new(put_char, validate, complete, t);
	if (!t->rdl) {
		free(t);
		return NULL;
	}
	guard_signals();
	tty_make_raw();
	rdline_newline(t->rdl, t->prompt);
	fflush(stdout);
	return t;
}

void terminal_free(struct terminal *t)
{
	if (!t)
		return;
	tty_restore();
	if (t->rdl) {
		if (!t->closed)
			putchar('\n');
		fflush(stdout);
		rdline_free(t->rdl);
	}
	json_decref(t->matches);
	free(t->line);
	free(t->kept);
	free(t);
}

/* Feeds one character to the editor: false at ^D on an empty line. */
static bool editor_in(struct terminal *t, char c)
{
	int rc;

	if (c == CTRL_U) { /* rdline knows no other way to clear the line */
		rdline_char_in(t->rdl, CTRL_A);
		c = CTRL_K;
	}
	rc = rdline_char_in(t->rdl, c);

	if (rc == RDLINE_RES_EOF) {
		fputs("\n", stdout);
		return false;
	}
	if (rc == RDLINE_RES_VALIDATED && !t->closed) {
		if (strlen(rdline_get_buffer(t->rdl)) > 1)
			rdline_add_history(t->rdl, rdline_get_buffer(t->rdl));
		if (!t->busy)
			rdline_newline(t->rdl, t->prompt);
	}
	return true;
}

/* While a command runs. */
static void busy_in(struct terminal *t, const char *buf, size_t n)
{
	char *grown;

	if (t->rdl) {
		if (memchr(buf, CTRL_C, n) && t->env.cancel)
			t->env.cancel(t->env.arg);
		return;
	}
	grown = realloc(t->kept, t->n_kept + n);
	if (!grown)
		return;
	memcpy(grown + t->n_kept, buf, n);
	t->kept = grown;
	t->n_kept += n;
}

/* Runs what is there until a command takes its time. */
static void take(struct terminal *t, const char *buf, size_t n)
{
	for (size_t i = 0; i < n && !t->closed; i++) {
		if (t->busy) {
			busy_in(t, buf + i, n - i);
			return;
		}
		if (!t->rdl)
			plain_in(t, buf[i]);
		else if (!editor_in(t, buf[i]))
			t->closed = true;
	}
}

void terminal_busy(struct terminal *t, bool busy)
{
	char *kept = t->kept;
	size_t n = t->n_kept;

	t->busy = busy;
	if (busy || t->closed)
		return;
	if (t->rdl)
		rdline_newline(t->rdl, t->prompt);
	t->kept = NULL;
	t->n_kept = 0;
	if (n)
		take(t, kept, n);
	free(kept);
	fflush(stdout);
}

bool terminal_read(struct terminal *t)
{
	char buf[4096];
	ssize_t n;

	if (t->busy && !t->rdl)
		return !t->closed; /* the rest of the file waits */
	n = read(STDIN_FILENO, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return !t->closed;
	if (n <= 0) {
		if (!t->rdl && t->len && !t->closed)
			plain_end(t);
		t->closed = true;
	}
	if (n > 0)
		take(t, buf, (size_t)n);
	fflush(stdout);
	if (t->closed)
		tty_restore();
	return !t->closed;
}

void *terminal_arg(const struct terminal *t)
{
	return t->env.arg;
}

void terminal_close(struct terminal *t)
{
	t->closed = true;
}

bool terminal_is_tty(const struct terminal *t)
{
	return t->rdl != NULL;
}
