/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Matching, abbreviations, errors and completion on a small table of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "app/shell/command.h"
#include "app/shell/suggest.h"

static char ran[65536 * 2]; /* the row, then each word with its kind */

static void record(const char *row, const struct cmd_args *args)
{
	size_t n = (size_t)snprintf(ran, sizeof(ran), "%s:", row);

	for (size_t i = 0; i < args->n && n < sizeof(ran) - 100; i++)
		n += (size_t)snprintf(ran + n, sizeof(ran) - n, " %s%s%s", args->words[i],
			args->kinds[i] ? "=" : "", args->kinds[i] ? args->kinds[i] : "");
	snprintf(ran + n, sizeof(ran) - n, "|%.200s", args->rest);
}

#define ROW(name)                                                                     \
	static void run_##name(                                                       \
		struct app *app, const struct cmd_args *args, struct cmd_result *out) \
	{                                                                             \
		record(#name, args);                                                  \
	}
ROW(port)
ROW(mroute)
ROW(count)
ROW(memory)
ROW(set)
ROW(add)
ROW(say)
ROW(stop)

static void run_value(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	out->value = json_pack("{s:s}", "name", "x");
}

static void run_fails(struct app *app, const struct cmd_args *args, struct cmd_result *out)
{
	cmd_fail(out, "because of %d", 42);
}

static const struct cmd rows[] = {
	{"show port [stats|info] [PORT|all]", "ports", run_port, NULL},
	{"show mroute [NUMBER] [LETTER]", "routes", run_mroute, NULL},
	{"show mroute count", "counters", run_count, NULL},
	{"show memory", "memory", run_memory, NULL},
	{NULL, NULL, NULL, NULL},
};
static const struct cmd more_rows[] = {
	{"set port PORT {up|down}", "sets", run_set, NULL},
	{"add NUMBER {in {any|PORT} | out PORT [ttl NUMBER | quiet]...}...", "adds", run_add, NULL},
	{"say [TEXT...]", "says", run_say, NULL},
	{"stop", "stops", run_stop, NULL},
	{"value", "a value", run_value, NULL},
	{"fails", "fails", run_fails, NULL},
	{NULL, NULL, NULL, NULL},
};
const struct cmd *const cmd_tables[] = {rows, more_rows};
const size_t cmd_n_tables = 2;

static bool is_number(struct app *app, const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

static bool is_letter(struct app *app, const char *word)
{
	return strlen(word) == 1 && *word >= 'a' && *word <= 'z';
}

static bool is_port(struct app *app, const char *word)
{
	return strcmp(word, "p0") == 0 || strcmp(word, "p1") == 0 || strcmp(word, "stat") == 0;
}

static void complete_port(struct app *app, const char *prefix, json_t *to)
{
	cmd_candidate(to, prefix, "p0", "first");
	cmd_candidate(to, prefix, "p1", "second");
}

const struct cmd_kind cmd_kinds[] = {
	{"PORT", "name of a port", is_port, complete_port},
	{"NUMBER", "a number", is_number, NULL},
	{"LETTER", "a letter", is_letter, NULL},
	{"TEXT", "text", NULL, NULL},
};
const size_t cmd_n_kinds = 4;

/* What ran, or "error: ...". Borrowed. */
static const char *run(const char *line)
{
	static struct cmd_result r;

	ran[0] = '\0';
	cmd_run(NULL, line, &r);
	cmd_result_fini(&r);
	if (!r.status)
		return ran;
	snprintf(ran, sizeof(ran), "error: %s", r.error);
	return ran;
}

#define RUNS(line, what) assert_string_equal(run(line), what)

static void fails_with(const char *line, const char *part)
{
	run(line);
	if (strncmp(ran, "error: ", 7) != 0 || !strstr(ran, part))
		fail_msg("\"%.60s\" gave \"%s\", not an error with \"%s\"", line, ran, part);
}

static void full_words_find_their_row(void **state)
{
	RUNS("show memory", "memory: show memory|");
	RUNS("show mroute count", "count: show mroute count|");
	RUNS("show mroute", "mroute: show mroute|");
	RUNS("stop", "stop: stop|");
}

static void arguments_carry_their_kind(void **state)
{
	RUNS("show mroute 7 x", "mroute: show mroute 7=NUMBER x=LETTER|");
	RUNS("show mroute x", "mroute: show mroute x=LETTER|");
	RUNS("show port stats p1", "port: show port stats p1=PORT|");
	RUNS("show port all", "port: show port all|");
}

static void blanks_tabs_and_quotes_separate_words(void **state)
{
	RUNS("  show\t memory  ", "memory: show memory|");
	RUNS("\"show\" mem\"ory\"", "memory: show memory|");
	RUNS("", "");
	RUNS(" \t ", "");
}

static void abbreviations_are_written_out(void **state)
{
	RUNS("sh me", "memory: show memory|");
	RUNS("sh mr co", "count: show mroute count|");
	RUNS("se p p0 d", "set: set port p0=PORT down|");
}

static void abbreviation_of_several_rows_is_ambiguous(void **state)
{
	fails_with("s", "\"show\"");
	fails_with("show m", "\"show mroute\" or \"show memory\"");
	fails_with("sh m", "type more letters");
}

static void later_words_settle_an_abbreviation(void **state)
{
	RUNS("s memory", "memory: show memory|");
	RUNS("s port p1 up", "set: set port p1=PORT up|");
}

static void exact_word_wins_over_argument_and_argument_over_abbreviation(void **state)
{
	RUNS("show port stat", "port: show port stat=PORT|");
	RUNS("show port stats", "port: show port stats|");
	RUNS("show port sta", "port: show port stats|");
}

static void repeated_groups_take_any_number_in_any_order(void **state)
{
	RUNS("add 1 in any out p0 quiet ttl 3 out p1 in p0",
		"add: add 1=NUMBER in any out p0=PORT quiet ttl 3=NUMBER out p1=PORT in p0=PORT|");
	fails_with("add 1", "not complete");
	fails_with("add 1 out", "name of a port");
	fails_with("add 1 out p0 ttl", "a number");
}

static void rest_of_the_line_is_kept_as_typed(void **state)
{
	RUNS("say", "say: say|");
	RUNS("say  two  words", "say: say two=TEXT words=TEXT|two  words");
}

static void unknown_command_names_the_nearest(void **state)
{
	fails_with("show memroy", "did you mean \"show memory\"");
	fails_with("shwo", "did you mean \"show\"");
	fails_with("mroute", "did you mean \"show mroute\"");
	fails_with("xyzzy", "here fits: show, set, add, say, stop");
}

static void wrong_argument_says_what_fits(void **state)
{
	fails_with("set port p7 up", "\"p7\" does not fit");
	fails_with("set port p7 up", "PORT (name of a port)");
	fails_with("set port p7 up", "there is p0, p1");
	fails_with("set port p7 up", "usage: set port PORT {up|down}");
	fails_with("set port p0 sideways", "here fits: up, down");
	fails_with("set port p0 don", "did you mean \"set port PORT down\"");
	fails_with("stop now", "\"now\" is too much");
}

static void incomplete_line_says_what_is_missing(void **state)
{
	fails_with("show", "behind it fits: port, mroute, memory");
	fails_with("set port p0", "up, down");
}

static void hostile_lines_are_refused_in_words(void **state)
{
	static char line[CMD_LINE_MAX + 2];

	fails_with("show \x01", "byte 0x01 in column 6");
	fails_with("show \xff\xfe", "byte 0xff");
	fails_with("\xc0\xaf", "byte 0xc0");
	fails_with("say \"open", "quote is not closed");
	memset(line, 'a', CMD_LINE_MAX + 1);
	fails_with(line, "65537 bytes");
	line[CMD_LINE_MAX] = '\0';
	fails_with(line, "no such command");
}

static void longest_line_of_many_words_matches(void **state)
{
	static char line[CMD_LINE_MAX + 1];
	size_t n = (size_t)snprintf(line, sizeof(line), "add 1");

	while (n + 8 < CMD_LINE_MAX)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " out p0");
	run(line);
	assert_memory_equal(ran, "add: add 1=NUMBER out p0=PORT", 29);
}

static void utf8_words_pass(void **state)
{
	RUNS("say gr\xc3\xbc\xc3\x9f", "say: say gr\xc3\xbc\xc3\x9f=TEXT|gr\xc3\xbc\xc3\x9f");
}

/* Whether the line prints this. */
static void assert_prints(const char *line, const char *want)
{
	struct cmd_result r;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cmd_run(NULL, line, &r);
	assert_int_equal(r.status, 0);
	cmd_result_print(&r, f);
	cmd_result_fini(&r);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void result_is_filled_in_any_case(void **state)
{
	struct cmd_result r;

	cmd_run(NULL, "fails", &r);
	assert_int_equal(r.status, 1);
	assert_string_equal(r.error, "because of 42");
	assert_null(r.value);
	cmd_result_fini(&r);
	assert_prints("value", "name: x\n");
}

/* The words that completion offers, with commas. */
static const char *completions(const char *line)
{
	json_t *list = cmd_complete(NULL, line), *o;
	size_t n = 0, i;

	ran[0] = '\0';
	json_array_foreach (list, i, o)
		n += (size_t)snprintf(ran + n, sizeof(ran) - n, "%s%s", i ? "," : "",
			json_string_value(json_object_get(o, "word")));
	json_decref(list);
	return ran;
}

static void completion_offers_what_can_follow(void **state)
{
	assert_string_equal(completions(""), "show,set,add,say,stop,value,fails");
	assert_string_equal(completions("s"), "show,set,say,stop");
	assert_string_equal(completions("show "), "port,mroute,memory");
	assert_string_equal(completions("show m"), "mroute,memory");
	assert_string_equal(completions("sh me"), "memory");
	assert_string_equal(completions("show port "), "stats,info,p0,p1,all");
	assert_string_equal(completions("set port p"), "p0,p1");
	assert_string_equal(completions("set port p0 u"), "up");
	assert_string_equal(completions("add 1 out p0 "), "ttl,quiet,in,out");
}

static void completion_of_nonsense_is_empty(void **state)
{
	assert_string_equal(completions("nonsense "), "");
	assert_string_equal(completions("show memory "), "");
	assert_string_equal(completions("\x01"), "");
}

/* "word,word+": + if the line may end there. */
static const char *question(const char *line)
{
	static char text[256];
	struct cmd_result r;
	json_t *o;
	size_t i, n = 0;

	cmd_run(NULL, line, &r);
	if (r.status)
		return run(line);
	text[0] = '\0';
	json_array_foreach (json_object_get(r.value, "words"), i, o)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? "," : "",
			json_string_value(json_object_get(o, "word")));
	if (json_is_true(json_object_get(r.value, "complete")))
		snprintf(text + n, sizeof(text) - n, "+");
	cmd_result_fini(&r);
	return text;
}

static void a_question_mark_at_the_end_asks_what_may_stand_there(void **state)
{
	assert_string_equal(question("show ?"), "port,mroute,memory");
	assert_string_equal(question("sh port ?"), "stats,info,p0,p1,all+");
	assert_string_equal(question("set port p0 ?"), "up,down");
	assert_string_equal(question("show memory ?"), "+");
	assert_string_equal(question("add ?"), ""); /* a number, which cannot be listed */
	assert_string_equal(question("say ?"), "+");
}

static void a_question_about_nonsense_says_what_is_wrong(void **state)
{
	assert_non_null(strstr(question("show memroy ?"), "error: "));
	assert_non_null(strstr(question("show memory now ?"), "error: "));
	assert_non_null(strstr(question("\"show ?"), "error: a double quote is not closed"));
}

static void a_question_mark_in_quotes_is_a_word(void **state)
{
	RUNS("say \"?\"", "say: say ?=TEXT|\"?\"");
	RUNS("say what?", "say: say what?=TEXT|what?");
}

static void a_question_is_answered_line_by_line(void **state)
{
	assert_prints("add 1 out ?", "p0                   first\n"
				     "p1                   second\n");
	assert_prints("add ?", "NUMBER: a number\n");
	assert_prints("show memory ?", "(end of line)        runs the command\n");
}

static void completion_hints_at_arguments_without_list(void **state)
{
	json_t *list = cmd_complete(NULL, "add ");

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 0), "word")), "");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "help")),
		"NUMBER: a number");
	json_decref(list);
}

static void distance_counts_letters(void **state)
{
	assert_int_equal(suggest_distance("abc", 3, "abc", 3), 0);
	assert_int_equal(suggest_distance("abc", 3, "acb", 3), 1);
	assert_int_equal(suggest_distance("abc", 3, "ab", 2), 1);
	assert_int_equal(suggest_distance("", 0, "abc", 3), 3);
	assert_int_equal(suggest_distance("kitten", 6, "sitting", 7), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_words_find_their_row),
		cmocka_unit_test(arguments_carry_their_kind),
		cmocka_unit_test(blanks_tabs_and_quotes_separate_words),
		cmocka_unit_test(abbreviations_are_written_out),
		cmocka_unit_test(abbreviation_of_several_rows_is_ambiguous),
		cmocka_unit_test(later_words_settle_an_abbreviation),
		cmocka_unit_test(exact_word_wins_over_argument_and_argument_over_abbreviation),
		cmocka_unit_test(repeated_groups_take_any_number_in_any_order),
		cmocka_unit_test(rest_of_the_line_is_kept_as_typed),
		cmocka_unit_test(unknown_command_names_the_nearest),
		cmocka_unit_test(wrong_argument_says_what_fits),
		cmocka_unit_test(incomplete_line_says_what_is_missing),
		cmocka_unit_test(hostile_lines_are_refused_in_words),
		cmocka_unit_test(longest_line_of_many_words_matches),
		cmocka_unit_test(utf8_words_pass),
		cmocka_unit_test(result_is_filled_in_any_case),
		cmocka_unit_test(completion_offers_what_can_follow),
		cmocka_unit_test(completion_of_nonsense_is_empty),
		cmocka_unit_test(a_question_mark_at_the_end_asks_what_may_stand_there),
		cmocka_unit_test(a_question_about_nonsense_says_what_is_wrong),
		cmocka_unit_test(a_question_mark_in_quotes_is_a_word),
		cmocka_unit_test(a_question_is_answered_line_by_line),
		cmocka_unit_test(completion_hints_at_arguments_without_list),
		cmocka_unit_test(distance_counts_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
