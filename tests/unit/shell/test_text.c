/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * JSON values as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "app/shell/text.h"

static void expect(const char *json, const char *text)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
	char *made = NULL;
	size_t len;
	FILE *f = open_memstream(&made, &len);

	assert_non_null(v);
	text_value(v, f);
	fclose(f);
	assert_string_equal(made, text);
	free(made);
	json_decref(v);
}

static void rows_make_a_table_with_titles_from_keys(void **state)
{
	expect("[{\"name\":\"a\",\"rx_packets\":5},{\"name\":\"long\",\"rx_packets\":12345678901}]",
		"Name    RxPackets\n"
		"a               5\n"
		"long  12345678901\n");
}

static void column_with_a_word_in_it_is_aligned_left(void **state)
{
	expect("[{\"v\":1,\"w\":\"x\"},{\"v\":\"two\",\"w\":\"y\"}]", "V    W\n1    x\ntwo  y\n");
}

static void objects_are_keys_and_values(void **state)
{
	expect("{\"a\":1,\"long_key\":\"x\",\"yes\":true,\"none\":null,\"empty\":\"\"}",
		"a:        1\nlong_key: x\nyes:      yes\nnone:     -\nempty:    -\n");
}

static void nested_values_stay_readable(void **state)
{
	expect("{\"list\":[\"a\",\"b\"],\"none\":[],\"in\":{\"k\":1},\"rows\":[{\"x\":1}]}",
		"list: a,b\nnone: -\nin:\n  k: 1\nrows:\nX\n1\n");
	expect("[{\"o\":{\"k\":1,\"l\":[2,3]}}]", "O\nk=1 l=2,3\n");
}

static void scalars_and_lists_stand_alone(void **state)
{
	expect("\"word\"", "word\n");
	expect("7", "7\n");
	expect("[1,2]", "1\n2\n");
	expect("[]", "");
}

static void missing_members_leave_the_cell_empty(void **state)
{
	expect("[{\"a\":1,\"b\":2},{\"a\":3}]", "A  B\n1  2\n3   \n");
}

static void dotted_keys_look_into_objects(void **state)
{
	static const struct text_column cols[] = {{"N", "name"}, {"P", "c.p"}};
	json_t *v = json_loads("[{\"name\":\"a\",\"c\":{\"p\":9}}]", 0, NULL);
	char *made = NULL;
	size_t len;
	FILE *f = open_memstream(&made, &len);

	text_table(v, cols, 2, f);
	fclose(f);
	assert_string_equal(made, "N  P\na  9\n");
	free(made);
	json_decref(v);
}

static void durations_read_like_clocks(void **state)
{
	char buf[16];

	assert_string_equal(text_duration(0, buf, sizeof(buf)), "00:00:00");
	assert_string_equal(text_duration(86399, buf, sizeof(buf)), "23:59:59");
	assert_string_equal(
		text_duration(86400 * 3 + 3600 * 4 + 300, buf, sizeof(buf)), "3d04h05m");
	assert_string_equal(text_duration(-5, buf, sizeof(buf)), "00:00:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_make_a_table_with_titles_from_keys),
		cmocka_unit_test(column_with_a_word_in_it_is_aligned_left),
		cmocka_unit_test(objects_are_keys_and_values),
		cmocka_unit_test(nested_values_stay_readable),
		cmocka_unit_test(scalars_and_lists_stand_alone),
		cmocka_unit_test(missing_members_leave_the_cell_empty),
		cmocka_unit_test(dotted_keys_look_into_objects),
		cmocka_unit_test(durations_read_like_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
