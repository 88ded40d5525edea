/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * stargctl: the shell of a running stargd from outside. With words it runs one command; without, it
 * is an interactive shell on a terminal, or runs the lines of its standard input.
 * Exit codes: 0 done, 1 a command failed or stargd cannot be reached, 2 usage.
 */
#include "app/ctl/client.h"
#include "app/shell/terminal.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/starg/stargd.sock"
#define DEFAULT_TIMEOUT_S 30

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct ctl {
	const char *socket;
	int timeout_ms;
	bool json;
	const char *complete; /* -C: print the completions of this line */
	struct client client;
	struct terminal *terminal;
	bool failed; /* a command has */
	bool lost;   /* the connection is gone */
};

static const char usage[] =
	"Usage: stargctl [-s SOCKET] [-j] [-t SECONDS] [COMMAND...]\n"
	"       stargctl [-s SOCKET] -C LINE\n"
	"\n"
	"Runs one command of a running stargd; without COMMAND a shell, or the lines of\n"
	"standard input.\n"
	"\n"
	"  -s, --socket SOCKET   control socket of stargd; default $STARG_SOCKET or\n"
	"                        " DEFAULT_SOCKET "\n"
	"  -j, --json            answers as JSON\n"
	"  -t, --timeout SECONDS longest wait for an answer, 0 for ever; default 30\n"
	"  -C, --complete LINE   print the words that can end LINE (for shells)\n"
	"  -V, --version         print the version and exit\n"
	"  -h, --help            print this and exit\n"
	"\n"
	"`stargctl help` lists the commands. See stargctl(8).\n";

static int bad_usage(const char *what, const char *value)
{
	fprintf(stderr, "stargctl: %s%s. Try: stargctl --help\n", what, value);
	return EXIT_USAGE;
}

static int parse_timeout(const char *s, struct ctl *ctl)
{
	char *end;
	long seconds = strtol(s, &end, 10);

	if (!*s || *end || seconds < 0 || seconds > INT_MAX / 1000)
		return bad_usage("-t takes a number of seconds, not ", s);
	ctl->timeout_ms = seconds ? (int)seconds * 1000 : -1;
	return 0;
}

/* -1: go on; else exit with this. */
static int parse_options(int argc, char **argv, struct ctl *ctl)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"timeout", required_argument, NULL, 't'},
		{"complete", required_argument, NULL, 'C'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	/* + : options behind the command are the command's */
	while ((c = getopt_long(argc, argv, "+s:jt:C:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			ctl->socket = optarg;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 't':
			if (parse_timeout(optarg, ctl))
				return EXIT_USAGE;
			break;
		case 'C':
			ctl->complete = optarg;
			break;
		case 'V':
			printf("stargctl %s\n", STARG_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try: stargctl --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

/* --- commands that take their time ----------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;
static bool progress_shown;

/* One line that is written over. */
static void show_progress(const char *text)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s", text);
	fflush(stderr);
	progress_shown = true;
}

static void hide_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static void on_interrupt(int sig)
{
	interrupted = 1;
}

/* In the shell ^C ends the command, not the shell; a second one ends that too. */
static json_t *ask_interruptibly(struct ctl *ctl, json_t *request, char *err, size_t cap)
{
	struct sigaction sa = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND}, old;
	json_t *answer;

	interrupted = 0;
	ctl->client.interrupted = &interrupted;
	sigaction(SIGINT, &sa, &old);
	answer = client_ask(&ctl->client, request, err, cap);
	sigaction(SIGINT, &old, NULL);
	ctl->client.interrupted = NULL;
	return answer;
}

/* --- one command ---------------------------------------------------------------------------------- */

static void print_output(const struct ctl *ctl, const json_t *output)
{
	const char *text = json_string_value(output);

	if (!ctl->json) {
		fputs(text ? text : "", stdout);
		return;
	}
	if (!output || json_is_null(output))
		return;
	json_dumpf(output, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

/* Prints the answer; false: the connection is gone or ends. */
static bool run_command(struct ctl *ctl, const char *line)
{
	json_t *request =
		json_pack("{s:s, s:s}", "command", line, "format", ctl->json ? "json" : "text");
	char err[512];
	json_t *answer;
	bool go_on;

	if (!request) {
		fputs("error: the command is no text (UTF-8)\n", stderr);
		ctl->failed = true;
		return true;
	}
	ctl->client.progress = show_progress;
	answer = ctl->terminal && terminal_is_tty(ctl->terminal)
			 ? ask_interruptibly(ctl, request, err, sizeof(err))
			 : client_ask(&ctl->client, request, err, sizeof(err));
	hide_progress();
	if (!answer) {
		fprintf(stderr, "stargctl: %s\n", err);
		ctl->failed = ctl->lost = true;
		return false;
	}
	if (json_integer_value(json_object_get(answer, "status"))) {
		const char *error = json_string_value(json_object_get(answer, "error"));

		fflush(stdout);
		fprintf(stderr, "error: %s\n", error ? error : "unknown");
		ctl->failed = true;
	} else {
		print_output(ctl, json_object_get(answer, "output"));
	}
	go_on = !json_is_true(json_object_get(answer, "quit"));
	json_decref(answer);
	fflush(stdout);
	return go_on;
}

static bool connect_or_say(struct ctl *ctl)
{
	char err[512];

	if (client_open(&ctl->client, ctl->socket, ctl->timeout_ms, err, sizeof(err)) == 0)
		return true;
	fprintf(stderr, "stargctl: %s\n", err);
	return false;
}

/* --- words of the command line --------------------------------------------------------------------- */

/* stargd opens the files of `load`, `write` and `pcap`: a path relative to here is made absolute. To be freed. */
static char *word_for_router(char **words, int i)
{
	char *dir, *full = NULL;

	if (i != (strcmp(words[0], "pcap") == 0 ? 3 : 1) || words[i][0] == '/' ||
		strcmp(words[i], "?") == 0)
		return strdup(words[i]);
	if (strcmp(words[0], "load") == 0)
		full = realpath(words[i], NULL);
	if (i == 3 || strcmp(words[0], "write") == 0) {
		/* the file need not exist */
		dir = getcwd(NULL, 0);
		if (dir && asprintf(&full, "%s/%s", dir, words[i]) < 0)
			full = NULL;
		free(dir);
	}
	return full ? full : strdup(words[i]);
}

/* The words as one line, those with blanks in quotes. To be freed. */
static char *join_words(char **words, int n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (int i = 0; i < n; i++) {
		char *word = word_for_router(words, i);
		bool quote = word && (!*word || strpbrk(word, " \t"));

		fprintf(f, "%s%s%s%s", i ? " " : "", quote ? "\"" : "", word ? word : "",
			quote ? "\"" : "");
		free(word);
	}
	fclose(f);
	return text;
}

static int run_once(struct ctl *ctl, char **words, int n)
{
	char *line = join_words(words, n);

	if (!line || !connect_or_say(ctl)) {
		free(line);
		return EXIT_FAILED;
	}
	run_command(ctl, line);
	free(line);
	client_close(&ctl->client);
	return ctl->failed ? EXIT_FAILED : 0;
}

/* --- completion -------------------------------------------------------------------------------------- */

static json_t *ask_completions(struct ctl *ctl, const char *line)
{
	char err[512];
	json_t *answer, *output;

	if (ctl->lost)
		return NULL;
	answer = client_ask(&ctl->client, json_pack("{s:s}", "complete", line), err, sizeof(err));
	if (!answer)
		ctl->lost = true;
	output = json_incref(json_object_get(answer, "output"));
	json_decref(answer);
	return output;
}

/* For bash: a word a line; quiet when there is no stargd. */
static int print_completions(struct ctl *ctl)
{
	char err[512];
	json_t *list, *one;
	const char *word;
	size_t i;

	if (client_open(&ctl->client, ctl->socket, ctl->timeout_ms, err, sizeof(err)))
		return EXIT_FAILED;
	list = ask_completions(ctl, ctl->complete);
	json_array_foreach (list, i, one) {
		word = json_string_value(json_object_get(one, "word"));
		if (word && *word)
			puts(word);
	}
	json_decref(list);
	client_close(&ctl->client);
	return 0;
}

/* --- the shell --------------------------------------------------------------------------------------- */

static void shell_line(void *arg, const char *line)
{
	struct ctl *ctl = arg;

	if (!run_command(ctl, line))
		terminal_close(ctl->terminal);
}

static json_t *shell_complete(void *arg, const char *line)
{
	return ask_completions(arg, line);
}

/* "edge1> ", from the router itself. */
static void make_prompt(struct ctl *ctl, char *prompt, size_t cap)
{
	char err[512];
	json_t *answer = client_ask(&ctl->client,
		json_pack("{s:s, s:s}", "command", "show version", "format", "json"), err,
		sizeof(err));
	const char *name =
		json_string_value(json_object_get(json_object_get(answer, "output"), "name"));

	snprintf(prompt, cap, "%s> ", name ? name : "stargd");
	json_decref(answer);
}

static int run_shell(struct ctl *ctl)
{
	struct terminal_env env = {
		.arg = ctl, .line = shell_line, .complete = shell_complete, .interruptible = true};
	char prompt[64] = "";
	bool tty = isatty(STDIN_FILENO);

	if (!connect_or_say(ctl))
		return EXIT_FAILED;
	if (tty)
		make_prompt(ctl, prompt, sizeof(prompt));
	ctl->terminal = terminal_new(&env, prompt);
	if (!ctl->terminal) {
		fputs("stargctl: no memory for the shell\n", stderr);
		client_close(&ctl->client);
		return EXIT_FAILED;
	}
	while (terminal_read(ctl->terminal))
		;
	terminal_free(ctl->terminal);
	client_close(&ctl->client);
	/* at a terminal a failed command has been seen */
	return ctl->lost || (ctl->failed && !tty) ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.socket = getenv("STARG_SOCKET"), .timeout_ms = DEFAULT_TIMEOUT_S * 1000};
	int rc;

	if (!ctl.socket || !*ctl.socket)
		ctl.socket = DEFAULT_SOCKET;
	rc = parse_options(argc, argv, &ctl);
	if (rc >= 0)
		return rc;
	if (ctl.complete)
		return print_completions(&ctl);
	if (optind < argc)
		return run_once(&ctl, argv + optind, argc - optind);
	return run_shell(&ctl);
}
