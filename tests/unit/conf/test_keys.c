/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The manual page and the example file know every key that the reader knows, and the page no other.
 */
#include "conf_test.h"

#define MAN SOURCE_DIR "/app/man/starg.conf.5"

/* A whole file as a string, to free(). */
static char *slurp(const char *path)
{
	const size_t cap = 1 << 20;
	FILE *f = fopen(path, "r");
	char *text = malloc(cap);
	size_t len;

	assert_non_null(f);
	assert_non_null(text);
	len = fread(text, 1, cap - 1, f);
	assert_true(len > 0 && len < cap - 1);
	text[len] = '\0';
	fclose(f);
	return text;
}

/* The page heads each key by its path: ".BR interfaces.gre.ttl ..." or ".B pim". */
static bool page_has(const char *page, const char *key)
{
	size_t len = strlen(key);

	for (const char *p = strstr(page, "\n.B"); p; p = strstr(p + 1, "\n.B")) {
		const char *word = p + strcspn(p + 1, " ") + 2;

		if (strncmp(word, key, len) == 0 && (word[len] == ' ' || word[len] == '\n'))
			return true;
	}
	return false;
}

static void the_manual_page_describes_every_key(void **state)
{
	char *page = slurp(MAN), buf[64];
	bool later;
	size_t n = 0;

	for (; conf_key_name(n, buf, sizeof(buf), &later); n++)
		if (!page_has(page, buf))
			fail_msg("%s does not describe %s", MAN, buf);
	assert_true(n > 50);
	free(page);
}

static bool known(const char *key, size_t len)
{
	char buf[64];
	bool later;

	for (size_t i = 0; conf_key_name(i, buf, sizeof(buf), &later); i++)
		if (strlen(buf) == len && strncmp(buf, key, len) == 0)
			return true;
	return false;
}

/* Keys are headed by ".BR KEY (TYPE, ...". */
static void the_manual_page_describes_no_other_key(void **state)
{
	char *page = slurp(MAN);
	size_t n = 0;

	for (const char *p = strstr(page, "\n.BR "); p; p = strstr(p + 1, "\n.BR ")) {
		const char *word = p + 5;
		size_t len = strcspn(word, " \n");

		if (strncmp(word + len, " \" (", 4) != 0)
			continue;
		if (!known(word, len))
			fail_msg("%s describes %.*s, which the reader does not know", MAN, (int)len,
				word);
		n++;
	}
	assert_true(n > 50);
	free(page);
}

/* The last part of the key's path, as a setting of the file. */
static void the_example_uses_every_key(void **state)
{
	char *text = slurp(DATA_DIR "/full.conf"), buf[64], setting[80];
	bool later;

	for (size_t i = 0; conf_key_name(i, buf, sizeof(buf), &later); i++) {
		const char *last = strrchr(buf, '.');

		last = last ? last + 1 : buf;
		if (later)
			continue;
		snprintf(setting, sizeof(setting), "%s = ", last);
		if (strstr(text, setting))
			continue;
		snprintf(setting, sizeof(setting), "%s: ", last);
		if (!strstr(text, setting))
			fail_msg("full.conf does not use %s", buf);
	}
	free(text);
}

static void the_example_of_the_manual_page_is_right(void **state)
{
	char *page = slurp(MAN), *example = strstr(page, ".SH EXAMPLE"), *from, *to, *w;
	struct conf *c;

	assert_non_null(example);
	from = strstr(example, ".EX\n");
	assert_non_null(from);
	from += 4;
	to = strstr(from, "\n.EE");
	assert_non_null(to);
	*to = '\0';
	w = from;
	for (const char *r = from; *r; r++) { /* roff: \(dq is a quote, \- a minus */
		if (strncmp(r, "\\(dq", 4) == 0) {
			*w++ = '"';
			r += 3;
		} else if (*r != '\\') {
			*w++ = *r;
		}
	}
	*w = '\0';
	c = right(from);
	assert_int_equal(c->n_routes, 2);
	conf_free(c);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_page_describes_every_key),
		cmocka_unit_test(the_manual_page_describes_no_other_key),
		cmocka_unit_test(the_example_uses_every_key),
		cmocka_unit_test(the_example_of_the_manual_page_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
