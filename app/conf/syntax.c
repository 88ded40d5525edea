/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * libconfig's grammar, checked before libconfig sees the text. libconfig 1.5 says only "syntax
 * error", wraps integers beyond 32 bits silently, swallows the file behind an unfinished comment,
 * takes quadratic time for huge groups, leaks on some errors and lets @include end the process.
 * Here every one of these gets its line, its cause and its mending. The tokens are those of
 * libconfig's scanner.
 */
#include "app/conf/conf_priv.h"

#include <ctype.h>
#include <stdarg.h>

#define DEPTH_MAX 32
#define GROUP_KEYS_MAX 128

enum token_kind { T_END, T_NAME, T_STRING, T_BOOL, T_INT, T_INT64, T_FLOAT, T_PUNCT, T_BAD };

struct token {
	enum token_kind kind;
	unsigned line;
	const char *at;
	size_t len;
};

struct syntax {
	struct conf_reader *r;
	const char *p, *end;
	unsigned line;
	struct token t; /* the next one */
	unsigned prev_line;
	bool failed; /* one fatal problem was reported: unwind */
};

static void fail(struct syntax *x, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct syntax *x, unsigned line, const char *fmt, ...)
{
	char text[PROBLEM_LEN];
	va_list ap;

	if (x->failed)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	x->failed = true;
	problem_add(x->r, line, "%s", text);
}

/* --- tokens ------------------------------------------------------------------------------------ */

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static void skip_line(struct syntax *x)
{
	while (x->p < x->end && *x->p != '\n')
		x->p++;
}

static void skip_comment(struct syntax *x)
{
	unsigned opened = x->line;

	for (x->p += 2; x->p < x->end; x->p++) {
		if (*x->p == '\n')
			x->line++;
		if (*x->p == '*' && x->p + 1 < x->end && x->p[1] == '/') {
			x->p += 2;
			return;
		}
	}
	fail(x, opened, "the comment opened here never ends: close it with */");
}

static void skip_blank(struct syntax *x)
{
	for (; x->p < x->end; x->p++) {
		if (*x->p == '\n')
			x->line++;
		else if (!strchr(" \t\r\f", *x->p))
			return;
	}
}

static void skip_space(struct syntax *x)
{
	for (;;) {
		skip_blank(x);
		if (x->p >= x->end)
			return;
		if (*x->p == '#')
			skip_line(x);
		else if (x->p[0] == '/' && x->p + 1 < x->end && x->p[1] == '/')
			skip_line(x);
		else if (x->p[0] == '/' && x->p + 1 < x->end && x->p[1] == '*')
			skip_comment(x);
		else
			return;
	}
}

static const char *digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

/* Past an exponent, or p when there is none. */
static const char *exponent(const char *p)
{
	const char *q = p;

	if (*q != 'e' && *q != 'E')
		return p;
	q++;
	if (*q == '+' || *q == '-')
		q++;
	return isdigit((unsigned char)*q) ? digits(q) : p;
}

static const char *long_suffix(const char *p, enum token_kind *kind)
{
	if (*p != 'L')
		return p;
	*kind = T_INT64;
	return p[1] == 'L' ? p + 2 : p + 1;
}

/* Past the number at p; p when there is none. The text ends in NUL, which stops every loop. */
static const char *number(const char *p, enum token_kind *kind)
{
	const char *q = p, *whole;

	*kind = T_INT;
	if (q[0] == '0' && (q[1] == 'x' || q[1] == 'X') && isxdigit((unsigned char)q[2])) {
		for (q += 2; isxdigit((unsigned char)*q);)
			q++;
		return long_suffix(q, kind);
	}
	if (*q == '+' || *q == '-')
		q++;
	whole = digits(q);
	if (*whole == '.') {
		*kind = T_FLOAT;
		return exponent(digits(whole + 1));
	}
	if (whole == q)
		return p;
	if (exponent(whole) != whole) {
		*kind = T_FLOAT;
		return exponent(whole);
	}
	return long_suffix(whole, kind);
}

/* The number t does not fit into 32 bits with a sign. A string helps where the key takes so much. */
static void integer_too_large(
	struct syntax *x, const struct token *t, const struct token *key, bool string_holds_it)
{
	const struct conf_key *k = key_widest(key->at, key->len);
	int len = (int)(t->len > 40 ? 40 : t->len);

	if (k && k->max <= INT32_MAX && *t->at != '-')
		problem_add(x->r, t->line, "%s is %.*s, out of range: at most %u", k->name, len,
			t->at, k->max);
	else if (string_holds_it)
		problem_add(x->r, t->line,
			"the number %.*s is too large to be written like this: use a string, \"%.*s\"",
			len, t->at, len, t->at);
	else
		problem_add(
			x->r, t->line, "the number %.*s is out of range for any key", len, t->at);
}

/* libconfig keeps 32 bits of an integer and says nothing. */
static void integer_check(struct syntax *x, const struct token *key)
{
	const struct token *t = &x->t;
	bool hex = t->len > 2 && (t->at[1] == 'x' || t->at[1] == 'X');
	const char *p = hex ? t->at + 2 : t->at;
	int64_t v = 0;
	bool negative = *p == '-';

	if (*p == '-' || *p == '+')
		p++;
	for (; p < t->at + t->len && v <= UINT32_MAX; p++)
		v = v * (hex ? 16 : 10) +
		    (isdigit((unsigned char)*p) ? *p - '0' : tolower((unsigned char)*p) - 'a' + 10);
	if (v <= INT32_MAX + (int64_t)negative)
		return;
	integer_too_large(x, t, key, !negative && v <= UINT32_MAX);
}

static void string_scan(struct syntax *x)
{
	unsigned opened = x->line;

	for (x->p++; x->p < x->end; x->p++) {
		if (*x->p == '\n')
			x->line++;
		if (*x->p == '\\' && (x->p[1] == '"' || x->p[1] == '\\'))
			x->p++;
		else if (*x->p == '"')
			break;
	}
	if (x->p >= x->end)
		fail(x, opened, "the string opened here never ends: close it with a \"");
	else
		x->p++;
}

static enum token_kind word_scan(struct syntax *x)
{
	const char *from = x->p;
	size_t len;

	while (is_name_char(*x->p))
		x->p++;
	len = (size_t)(x->p - from);
	if ((len == 4 && strncasecmp(from, "true", 4) == 0) ||
		(len == 5 && strncasecmp(from, "false", 5) == 0))
		return T_BOOL;
	return T_NAME;
}

static void next(struct syntax *x)
{
	struct token *t = &x->t;

	x->prev_line = t->line;
	skip_space(x);
	t->line = x->line;
	t->at = x->p;
	if (x->p >= x->end || x->failed) {
		t->kind = T_END;
	} else if (*x->p == '"') {
		t->kind = T_STRING;
		string_scan(x);
	} else if (isalpha((unsigned char)*x->p) || *x->p == '*') {
		t->kind = word_scan(x);
	} else if (strchr("=:;,{}()[]", *x->p)) {
		t->kind = T_PUNCT;
		x->p++;
	} else {
		x->p = number(t->at, &t->kind);
		if (x->p == t->at) {
			t->kind = T_BAD;
			x->p++;
		}
	}
	t->len = (size_t)(x->p - t->at);
}

static bool is(const struct syntax *x, char c)
{
	return x->t.kind == T_PUNCT && *x->t.at == c;
}

static bool is_number(enum token_kind k)
{
	return k == T_INT || k == T_INT64 || k == T_FLOAT;
}

static bool starts_value(const struct syntax *x)
{
	return x->t.kind == T_STRING || x->t.kind == T_BOOL || is_number(x->t.kind) || is(x, '{') ||
	       is(x, '(') || is(x, '[');
}

/* The next token as text for a message. */
static const char *found(const struct syntax *x, char *buf, size_t cap)
{
	const struct token *t = &x->t;

	if (t->kind == T_END)
		snprintf(buf, cap, "the end of the file");
	else if (t->kind == T_STRING)
		snprintf(buf, cap, "the string %.*s", (int)(t->len > 32 ? 32 : t->len), t->at);
	else
		snprintf(buf, cap, "'%.*s'", (int)(t->len > 32 ? 32 : t->len), t->at);
	return buf;
}

/* --- grammar ----------------------------------------------------------------------------------- */

static void value(struct syntax *x, const struct token *key, unsigned depth);

/* A value was expected and something else stands there. */
static void value_missing(struct syntax *x, const struct token *key)
{
	int len = (int)(key->len > 64 ? 64 : key->len);
	char buf[64];

	if (x->t.kind == T_NAME)
		fail(x, x->t.line,
			"the word %s is no value: put it in double quotes, or write true or false",
			found(x, buf, sizeof(buf)));
	else if (x->t.kind == T_BAD && *x->t.at == '\'')
		fail(x, x->t.line, "strings stand in double quotes: \"...\", not '...'");
	else
		fail(x, x->prev_line, "'%.*s' has no value: %s follows; write %.*s = VALUE;", len,
			key->at, found(x, buf, sizeof(buf)), len, key->at);
}

/* Elements of ( ) or [ ]. */
static void elements(struct syntax *x, const struct token *key, unsigned depth)
{
	char open = *x->t.at, close = open == '(' ? ')' : ']', buf[64];
	unsigned opened = x->t.line;
	enum token_kind first = T_END;

	next(x);
	while (!x->failed && !is(x, close)) {
		unsigned comma;

		if (open == '[' && (is(x, '{') || is(x, '(') || is(x, '[')))
			return fail(x, x->t.line,
				"[ ] holds plain values only: write ( ... ) for a list of groups");
		if (x->t.kind == T_END)
			return fail(x, opened, "the '%c' opened here is never closed: add '%c'",
				open, close);
		if (first == T_END)
			first = x->t.kind;
		if (open == '[' && first != x->t.kind && starts_value(x))
			return fail(x, x->t.line,
				"the values in [ ] must all be of one kind: write ( ... ) instead");
		value(x, key, depth + 1);
		if (x->failed || is(x, close))
			break;
		if (x->t.kind == T_END)
			return fail(x, opened, "the '%c' opened here is never closed: add '%c'",
				open, close);
		if (!is(x, ','))
			return fail(x, x->prev_line,
				starts_value(x)
					? "a ',' is missing between the elements of a list, before %s"
					: "',' or the end of the list was expected, not %s",
				found(x, buf, sizeof(buf)));
		comma = x->t.line;
		next(x);
		if (is(x, close))
			return fail(x, comma, "remove the ',' before '%c': no element follows it",
				close);
	}
	next(x);
}

static void closer_wrong(struct syntax *x, char close, unsigned opened)
{
	if (close)
		fail(x, x->t.line, "'%c' does not close the '{' of line %u: a '}' is missing",
			*x->t.at, opened);
	else
		fail(x, x->t.line, "'%c' closes nothing: remove it", *x->t.at);
}

/* Something other than a key stands where a key should. prev: kind of the value before it. */
static void key_missing(struct syntax *x, char close, unsigned opened, enum token_kind prev)
{
	char buf[64];

	if (x->t.kind == T_END)
		fail(x, opened, "the '{' opened here is never closed: add '}'");
	else if (is(x, ';') || is(x, ','))
		fail(x, x->t.line, "remove this '%c': nothing stands before it", *x->t.at);
	else if (is(x, '}') || is(x, ')') || is(x, ']'))
		closer_wrong(x, close, opened);
	else if (is_number(prev) && (is_number(x->t.kind) || is(x, ':') || *x->t.at == '/'))
		fail(x, x->t.line,
			"%s behind a number: addresses stand in double quotes, "
			"\"10.0.0.1/24\"",
			found(x, buf, sizeof(buf)));
	else
		fail(x, x->t.line, "a key such as name was expected, not %s",
			found(x, buf, sizeof(buf)));
}

/* Keys seen in one group. */
struct seen {
	unsigned n;
	struct token keys[GROUP_KEYS_MAX];
};

static void key_check(struct syntax *x, struct seen *seen)
{
	const struct token *t = &x->t;

	for (unsigned i = 0; i < seen->n; i++) {
		const struct token *k = &seen->keys[i];

		if (k->len == t->len && memcmp(k->at, t->at, t->len) == 0) {
			problem_add(x->r, t->line,
				"duplicate key '%.*s': it stands in line %u already; keep one of them",
				(int)(t->len > 64 ? 64 : t->len), t->at, k->line);
			return;
		}
	}
	if (seen->n == GROUP_KEYS_MAX)
		fail(x, t->line, "more than %d keys in one group: no group has so many",
			GROUP_KEYS_MAX);
	else
		seen->keys[seen->n++] = *t;
}

/* key = value, key = value ... up to the closing character, or the end (0). */
static void settings(struct syntax *x, char close, unsigned opened, unsigned depth)
{
	struct seen seen = {.n = 0};
	enum token_kind prev = T_END;
	char buf[64];

	while (!x->failed && !(close ? is(x, close) : x->t.kind == T_END)) {
		struct token key = x->t;

		if (key.kind != T_NAME)
			return key_missing(x, close, opened, prev);
		key_check(x, &seen);
		next(x);
		if (!is(x, '=') && !is(x, ':'))
			return fail(x, key.line, "'=' is missing behind '%.*s', before %s",
				(int)(key.len > 64 ? 64 : key.len), key.at,
				found(x, buf, sizeof(buf)));
		next(x);
		prev = x->t.kind;
		value(x, &key, depth);
		if (is(x, ';') || is(x, ',')) {
			prev = T_END;
			next(x);
		}
	}
}

static void value(struct syntax *x, const struct token *key, unsigned depth)
{
	if (x->failed)
		return;
	if (depth > DEPTH_MAX)
		return fail(x, x->t.line, "nested deeper than %d levels: nothing in this file is",
			DEPTH_MAX);
	if (is(x, '{')) {
		unsigned opened = x->t.line;

		next(x);
		settings(x, '}', opened, depth + 1);
		next(x);
	} else if (is(x, '(') || is(x, '[')) {
		elements(x, key, depth);
	} else if (x->t.kind == T_STRING) {
		while (x->t.kind == T_STRING) /* adjacent strings are one */
			next(x);
	} else if (starts_value(x)) {
		if (x->t.kind == T_INT)
			integer_check(x, key);
		next(x);
	} else {
		value_missing(x, key);
	}
}

/* libconfig obeys an include at the start of any line, and dies when it cannot read it. */
static void include_check(struct syntax *x, const char *text)
{
	unsigned line = 1;

	for (const char *p = text; *p; p++) {
		const char *q = p + strspn(p, " \t");

		if (strncmp(q, "@include", 8) == 0)
			fail(x, line, "@include is not supported: put everything into one file");
		p = strchr(p, '\n');
		if (!p)
			return;
		line++;
	}
}

void syntax_check(struct conf_reader *r, const char *text, size_t len)
{
	struct syntax x = {.r = r, .p = text, .end = text + len, .line = 1};
	const char *nul = memchr(text, '\0', len);

	if (nul) {
		for (const char *p = text; p < nul; p++)
			x.line += *p == '\n';
		fail(&x, x.line, "a NUL byte: this is no text file");
		return;
	}
	include_check(&x, text);
	if (x.failed)
		return;
	next(&x);
	settings(&x, 0, 0, 0);
}
