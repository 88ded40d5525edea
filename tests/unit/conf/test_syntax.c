/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Syntax: every mistake has its line and its mending, hostile texts end in a message, and what is
 * accepted is what libconfig accepts.
 */
#include "conf_test.h"

#include <errno.h>
#include <libconfig.h>

static void commas_and_semicolons_are_explained(void **state)
{
	wrong(BASE "a = (1,2\n,);", "F:4: remove the ',' before ')': no element follows it");
	wrong(BASE "a = [1,];", "F:3: remove the ',' before ']': no element follows it");
	wrong(BASE "a = ({b = 1;}\n{c = 1;});",
		"F:3: a ',' is missing between the elements of a list, before '{'");
	wrong(BASE "a = 1;;", "F:3: remove this ';': nothing stands before it");
	wrong(BASE "a = [1;2];", "F:3: ',' or the end of the list was expected, not ';'");
}

static void unclosed_things_name_the_line_that_opened_them(void **state)
{
	wrong(BASE "a = {b = 1;\n\n", "F:3: the '{' opened here is never closed: add '}'");
	wrong(BASE "a = (1\n\n", "F:3: the '(' opened here is never closed: add ')'");
	wrong(BASE "a = \"x\ny;\n", "F:3: the string opened here never ends: close it with a \"");
	wrong(BASE "/* x\n\n", "F:3: the comment opened here never ends: close it with */");
	wrong(BASE "a = {b = 1\n);", "F:4: ')' does not close the '{' of line 3: a '}' is missing");
	wrong(BASE "a = 1; }", "F:3: '}' closes nothing: remove it");
}

static void values_without_quotes_are_explained(void **state)
{
	wrong(BASE "a = yes;", "F:3: the word 'yes' is no value: put it in double quotes, or write "
			       "true or false");
	wrong(BASE "a = 10.0.0.1;",
		"F:3: '.0' behind a number: addresses stand in double quotes, \"10.0.0.1/24\"");
	wrong(BASE "a = 02:00:00:00:00:01;",
		"F:3: ':' behind a number: addresses stand in double quotes, \"10.0.0.1/24\"");
	wrong(BASE "a = 'x';", "F:3: strings stand in double quotes: \"...\", not '...'");
	wrong(BASE "a = ;", "F:3: 'a' has no value: ';' follows; write a = VALUE;");
	wrong(BASE "a 1;", "F:3: '=' is missing behind 'a', before '1'");
	wrong(BASE "\"a\" = 1;", "F:3: a key such as name was expected, not the string \"a\"");
}

static void arrays_that_should_be_lists_are_explained(void **state)
{
	wrong(BASE "a = [{b = 1;}];",
		"F:3: [ ] holds plain values only: write ( ... ) for a list of groups");
	wrong(BASE "a = [\"x\", 1];",
		"F:3: the values in [ ] must all be of one kind: write ( ... ) instead");
}

static void every_duplicate_key_is_named(void **state)
{
	wrong(BASE "a = 1;\na = 2; b = {c = 1;\nc = 2;};",
		"F:4: duplicate key 'a': it stands in line 3 already; keep one of them\n"
		"F:5: duplicate key 'c': it stands in line 4 already; keep one of them");
}

static void includes_are_refused(void **state)
{
	wrong(BASE " @include \"/tmp\"\n",
		"F:3: @include is not supported: put everything into one file");
}

static void a_nul_byte_is_no_end_of_file(void **state)
{
	static const char text[] = "ports: ();\ninterfaces: ();\n\0garbage";
	char err[CONF_ERRLEN];
	struct conf *c = NULL;

	assert_int_equal(text_read(text, sizeof(text) - 1, &c, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "F:3: a NUL byte: this is no text file");
}

static void control_characters_of_the_file_do_not_reach_the_message(void **state)
{
	wrong(BASE "router: {poll = \"a\nF:9: faked\";};",
		"F:3: poll of router is \"a?F:9: faked\": it must be \"auto\", \"busy\" or \"adaptive\"");
}

/* A text of the given bytes, repeated until it has len bytes. */
static char *repeated(const char *head, const char *piece, size_t len)
{
	char *text = malloc(len + strlen(head) + strlen(piece) + 1);
	size_t n = strlen(head);

	assert_non_null(text);
	memcpy(text, head, n);
	while (n < len) {
		memcpy(text + n, piece, strlen(piece));
		n += strlen(piece);
	}
	text[n] = '\0';
	return text;
}

static void refused(const char *text, size_t len)
{
	char err[CONF_ERRLEN];
	struct conf *c = NULL;

	assert_int_equal(text_read(text, len, &c, err, sizeof(err)), -EINVAL);
	assert_int_equal(strncmp(err, "F:", 2), 0);
	assert_null(c);
}

static void deep_nesting_and_huge_texts_end_in_a_message(void **state)
{
	static const char *const pieces[] = {"(", "{a=", "[", "a={b=(", "a=1 ", ";", "\"x\" ", "x",
		"/*", "@include \"/tmp\"\n", "a=(1,2,3),", "\\", "9", "-", "a=\"", "\n"};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char *text = repeated("a=", pieces[i], 1 << 20);

		refused(text, strlen(text));
		free(text);
	}
}

static void many_keys_are_refused_at_once(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (int i = 0; i < 100000; i++)
		fprintf(f, "k%d=1;\n", i);
	assert_int_equal(fclose(f), 0);
	refused(text, len);
	free(text);
}

static uint32_t lcg(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void a_megabyte_of_garbage_is_refused(void **state)
{
	const size_t len = 1 << 20;
	uint32_t seed = 7;
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)lcg(&seed);
	refused(text, len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(' ' + lcg(&seed) % 95);
	refused(text, len);
	free(text);
}

/* Whether libconfig takes a text. Those on which it would leak or end the process are not asked. */
static bool libconfig_takes(const char *text)
{
	config_t cfg;
	bool ok;

	config_init(&cfg);
	ok = config_read_string(&cfg, text);
	config_destroy(&cfg);
	return ok;
}

/* Random texts of grammar pieces: the first message tells whether our check or libconfig's refused
 * it, and ours must never take what libconfig refuses, nor the other way round. */
static void the_syntax_check_agrees_with_libconfig(void **state)
{
	static const char *const pieces[] = {"a", "b", "c", "=", ":", ";", ",", "{", "}", "(", ")",
		"[", "]", "1", "-2", "2.5", ".", "1e3", "true", "False", "0x1f", "7L", " ", "\n",
		"# x\n", "// y\n", "/* z */", "a=1;", "b={", "c=(", "};", ");", "+", "$", "x-y*"};
	const size_t n_pieces = sizeof(pieces) / sizeof(pieces[0]);
	uint32_t seed = 20;
	int taken = 0;

	for (int i = 0; i < 30000; i++) {
		char text[128] = "", err[CONF_ERRLEN];
		struct conf *c = NULL;
		bool ours;

		for (uint32_t n = 1 + lcg(&seed) % 9; n > 0; n--)
			strcat(text, pieces[lcg(&seed) % n_pieces]);
		/* Behind the syntax there is always a problem: the sections are missing. */
		assert_int_equal(text_read(text, strlen(text), &c, err, sizeof(err)), -EINVAL);
		assert_null(strstr(err, "compare this line"));
		ours = strstr(err, "lacks 'ports'") != NULL;
		if (ours != libconfig_takes(text))
			fail_msg("disagreement about: %s\n%s", text, err);
		taken += ours;
	}
	assert_true(taken > 100); /* the test has met both kinds */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_semicolons_are_explained),
		cmocka_unit_test(unclosed_things_name_the_line_that_opened_them),
		cmocka_unit_test(values_without_quotes_are_explained),
		cmocka_unit_test(arrays_that_should_be_lists_are_explained),
		cmocka_unit_test(every_duplicate_key_is_named),
		cmocka_unit_test(includes_are_refused),
		cmocka_unit_test(a_nul_byte_is_no_end_of_file),
		cmocka_unit_test(control_characters_of_the_file_do_not_reach_the_message),
		cmocka_unit_test(deep_nesting_and_huge_texts_end_in_a_message),
		cmocka_unit_test(many_keys_are_refused_at_once),
		cmocka_unit_test(a_megabyte_of_garbage_is_refused),
		cmocka_unit_test(the_syntax_check_agrees_with_libconfig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
