/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The texts of show mroute: FRR's columns and letters, one row an output.
 */
#include "app/shell/show_mroute.h"

#include "app/shell/text.h"
#include "app/shell/value.h"

#include <string.h>

static const struct {
	const char *word;
	char letter;
} letters[] = {{"sparse", 'S'}, {"dense", 'D'}, {"member", 'C'}, {"pruned", 'P'}, {"rp_bit", 'R'},
	{"register", 'F'}, {"spt_bit", 'T'}, {"learnt_register", 'L'}, {"notify_msdp", 'N'},
	{"learnt_msdp", 'M'}, {"excepted", 'X'}, {"crossing", 'O'}, {"moving", 'V'}};

static json_t *flag_letters(const json_t *flags)
{
	char buf[COUNT_OF(letters) + 1];
	const json_t *f;
	size_t n = 0, i;

	for (size_t l = 0; l < COUNT_OF(letters); l++)
		json_array_foreach (flags, i, f)
			if (strcmp(json_string_value(f), letters[l].word) == 0)
				buf[n++] = letters[l].letter;
	return json_stringn(buf, n);
}

static json_t *input_text(const json_t *route)
{
	json_t *names = json_array();
	const json_t *in;
	size_t i;

	json_array_foreach (json_object_get(route, "inputs"), i, in)
		if (json_is_true(json_object_get(in, "accept")))
			json_array_append(names, json_object_get(in, "interface"));
	return names;
}

/* "lan1", "lan1>10.1.0.5:5000", "register to 10.0.0.254" */
static json_t *output_text(const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "interface"));
	const char *unicast = json_string_value(json_object_get(o, "unicast"));
	const char *encap = json_string_value(json_object_get(o, "encap"));
	json_int_t port = json_integer_value(json_object_get(o, "port"));
	bool six = unicast && strchr(unicast, ':');

	if (!unicast)
		return json_sprintf("%s", name ? name : "?");
	if (encap && strcmp(encap, "register") == 0)
		return json_sprintf("register to %s", unicast);
	if (!port)
		return json_sprintf("%s>%s", name ? name : "", unicast);
	return json_sprintf("%s>%s%s%s:%lld", name ? name : "", six ? "[" : "", unicast,
		six ? "]" : "", (long long)port);
}

static void route_rows(json_t *rows, const json_t *r)
{
	const json_t *outputs = json_object_get(r, "outputs");
	size_t n = json_array_size(outputs);
	char up[16];
	json_t *row;

	text_duration(json_integer_value(json_object_get(r, "uptime_s")), up, sizeof(up));
	for (size_t i = 0; i < (n ? n : 1); i++) {
		const json_t *o = json_array_get(outputs, i);

		row = add_object(rows);
		put_value(row, "source", json_copy(json_object_get(r, "source")));
		put_value(row, "group", json_copy(json_object_get(r, "group")));
		put_value(row, "flags", flag_letters(json_object_get(r, "flags")));
		put_value(row, "proto", json_copy(json_object_get(r, "protocols")));
		put_value(row, "input", input_text(r));
		put_value(row, "output", o ? output_text(o) : json_string("none"));
		put_value(row, "ttl", o ? json_copy(json_object_get(o, "ttl_threshold")) : NULL);
		put_text(row, "uptime", up);
		put_value(row, "origin", json_copy(json_object_get(r, "origin")));
	}
}

/* "(*, 239.1.1.1): except 10.0.0.0/8, 192.0.2.7" */
static void except_text(const json_t *route, FILE *to)
{
	const json_t *list = json_object_get(route, "except"), *e;
	size_t i;

	if (!json_array_size(list))
		return;
	fprintf(to, "(%s, %s): except", json_string_value(json_object_get(route, "source")),
		json_string_value(json_object_get(route, "group")));
	json_array_foreach (list, i, e)
		fprintf(to, "%s%s", i ? ", " : " ", json_string_value(e));
	fputc('\n', to);
}

/* The only input among the outputs, which trees keep there when members are beside the source. */
static void not_back_text(const json_t *route, FILE *to)
{
	json_t *inputs = input_text(route);
	const char *in = json_string_value(json_array_get(inputs, 0)), *name;
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(route, "outputs"), i, o) {
		name = json_string_value(json_object_get(o, "interface"));
		if (json_array_size(inputs) == 1 && name && strcmp(name, in) == 0 &&
			!json_is_string(json_object_get(o, "unicast")))
			text_not_back(route, in, to);
	}
	json_decref(inputs);
}

void show_mroute_text(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Source", "source"}, {"Group", "group"},
		{"Flags", "flags"}, {"Proto", "proto"}, {"Input", "input"}, {"Output", "output"},
		{"TTL", "ttl"}, {"Uptime", "uptime"}, {"Origin", "origin"}};
	json_t *rows = json_array();
	const json_t *r;
	const char *why;
	size_t i;

	fputs("Flags: S sparse, D dense, C connected members, P pruned, R RP bit, F register, T SPT bit,\n"
	      "       L learnt through a Register, N may notify MSDP, M learnt through MSDP,\n"
	      "       X excepted source, O where routes overlap\n\n",
		to);
	json_array_foreach (json_object_get(value, "routes"), i, r)
		route_rows(rows, r);
	text_table(rows, cols, COUNT_OF(cols), to);
	json_decref(rows);
	json_array_foreach (json_object_get(value, "routes"), i, r) {
		why = json_string_value(json_object_get(r, "problem"));
		except_text(r, to);
		not_back_text(r, to);
		if (why)
			fprintf(to, "(%s, %s): %s\n",
				json_string_value(json_object_get(r, "source")),
				json_string_value(json_object_get(r, "group")), why);
	}
	text_totals(value, to);
}

void show_mroute_count_text(const json_t *value, FILE *to)
{
	static const struct text_column cols[] = {{"Source", "source"}, {"Group", "group"},
		{"Packets", "packets"}, {"Bytes", "bytes"}, {"WrongIf", "wrong_if"},
		{"Dropped", "dropped"}, {"LastUsed", "last_used"}, {"Packets/s", "packets_per_s"},
		{"Bits/s", "bits_per_s"}};
	const json_t *list = json_object_get(value, "routes"), *r, *ms;
	json_t *rows = json_array(), *row;
	char ago[16];
	size_t i;

	json_array_foreach (list, i, r) {
		row = json_copy((json_t *)r);
		ms = json_object_get(r, "last_used_ms");
		if (json_is_integer(ms))
			put_text(row, "last_used",
				text_duration(json_integer_value(ms) / 1000, ago, sizeof(ago)));
		else
			put_text(row, "last_used", "never");
		json_array_append_new(rows, row);
	}
	text_table(rows, cols, COUNT_OF(cols), to);
	text_totals(value, to);
	json_decref(rows);
}
