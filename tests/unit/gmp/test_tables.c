/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The tables of RFC 3376 6.4.1 and 6.4.2, a test per row, of both families. A is ab, B is bc; X is ab, Y is
 * cd, A is bce. Timers were set 10 s before the record: =250 is untouched, =260 is GMI, =2 is LMQT.
 */
#include "tests/unit/gmp/gmp_test.h"

struct cell {
	const char *name;
	bool exclude; /* the router state before */
	bool silent;  /* another router is the querier */
	const char *type, *sources;
	const char *state, *queries, *told;
};

static const struct cell cells[] = {
	/* 6.4.1 */
	{"INCLUDE (A) IS_IN (B) is INCLUDE (A+B)", false, false, "IS_IN", "bc",
		"INCLUDE a=250 b=260 c=260", "", "a b c"},
	{"INCLUDE (A) IS_EX (B) is EXCLUDE (A*B,B-A)", false, false, "IS_EX", "bc",
		"EXCLUDE b=250 | c, G=260", "", "* !c"},
	{"EXCLUDE (X,Y) IS_IN (A) is EXCLUDE (X+A,Y-A)", true, false, "IS_IN", "bce",
		"EXCLUDE a=250 b=260 c=260 e=260 | d, G=250", "", "* !d"},
	{"EXCLUDE (X,Y) IS_EX (A) is EXCLUDE (A-Y,Y*A)", true, false, "IS_EX", "bce",
		"EXCLUDE b=250 e=260 | c, G=260", "", "* !c"},
	/* 6.4.2 */
	{"INCLUDE (A) ALLOW (B) is INCLUDE (A+B)", false, false, "ALLOW", "bc",
		"INCLUDE a=250 b=260 c=260", "", "a b c"},
	{"INCLUDE (A) BLOCK (B) is INCLUDE (A) and asks for A*B", false, false, "BLOCK", "bc",
		"INCLUDE a=250 b=2", "Q(G,b)", "a b"},
	{"INCLUDE (A) TO_EX (B) is EXCLUDE (A*B,B-A) and asks for A*B", false, false, "TO_EX", "bc",
		"EXCLUDE b=2 | c, G=260", "Q(G,b)", "* !c"},
	{"INCLUDE (A) TO_IN (B) is INCLUDE (A+B) and asks for A-B", false, false, "TO_IN", "bc",
		"INCLUDE a=2 b=260 c=260", "Q(G,a)", "a b c"},
	{"EXCLUDE (X,Y) ALLOW (A) is EXCLUDE (X+A,Y-A)", true, false, "ALLOW", "bce",
		"EXCLUDE a=250 b=260 c=260 e=260 | d, G=250", "", "* !d"},
	{"EXCLUDE (X,Y) BLOCK (A) is EXCLUDE (X+(A-Y),Y) and asks for A-Y", true, false, "BLOCK",
		"bce", "EXCLUDE a=250 b=2 e=2 | c d, G=250", "Q(G,be)", "* !c !d"},
	{"EXCLUDE (X,Y) TO_EX (A) is EXCLUDE (A-Y,Y*A) and asks for A-Y", true, false, "TO_EX",
		"bce", "EXCLUDE b=2 e=2 | c, G=260", "Q(G,be)", "* !c"},
	{"EXCLUDE (X,Y) TO_IN (A) is EXCLUDE (X+A,Y-A) and asks for X-A and G", true, false,
		"TO_IN", "bce", "EXCLUDE a=2 b=260 c=260 e=260 | d, G=2", "Q(G) Q(G,a)", "* !d"},
	/* who is not the querier asks nothing: timers stay */
	{"a non-querier: INCLUDE (A) BLOCK (B)", false, true, "BLOCK", "bc", "INCLUDE a=250 b=250",
		"", "a b"},
	{"a non-querier: INCLUDE (A) TO_EX (B)", false, true, "TO_EX", "bc",
		"EXCLUDE b=250 | c, G=260", "", "* !c"},
	{"a non-querier: INCLUDE (A) TO_IN (B)", false, true, "TO_IN", "bc",
		"INCLUDE a=250 b=260 c=260", "", "a b c"},
	{"a non-querier: EXCLUDE (X,Y) BLOCK (A): A-X-Y gets the group timer", true, true, "BLOCK",
		"bce", "EXCLUDE a=250 b=250 e=250 | c d, G=250", "", "* !c !d"},
	{"a non-querier: EXCLUDE (X,Y) TO_EX (A): A-X-Y gets the old group timer", true, true,
		"TO_EX", "bce", "EXCLUDE b=250 e=250 | c, G=260", "", "* !c"},
	{"a non-querier: EXCLUDE (X,Y) TO_IN (A)", true, true, "TO_IN", "bce",
		"EXCLUDE a=250 b=260 c=260 e=260 | d, G=250", "", "* !d"},
	/* empty lists */
	{"INCLUDE (A) IS_IN ({}) is INCLUDE (A)", false, false, "IS_IN", "", "INCLUDE a=250 b=250",
		"", "a b"},
	{"INCLUDE (A) IS_EX ({}) is EXCLUDE ({},{})", false, false, "IS_EX", "", "EXCLUDE |, G=260",
		"", "*"},
	{"INCLUDE (A) TO_EX ({}) is EXCLUDE ({},{})", false, false, "TO_EX", "", "EXCLUDE |, G=260",
		"", "*"},
	{"INCLUDE (A) TO_IN ({}) asks for A", false, false, "TO_IN", "", "INCLUDE a=2 b=2",
		"Q(G,ab)", "a b"},
	{"EXCLUDE (X,Y) IS_EX ({}) forgets both", true, false, "IS_EX", "", "EXCLUDE |, G=260", "",
		"*"},
	{"EXCLUDE (X,Y) TO_EX ({}) forgets both", true, false, "TO_EX", "", "EXCLUDE |, G=260", "",
		"*"},
	{"EXCLUDE (X,Y) TO_IN ({}) asks for X and G", true, false, "TO_IN", "",
		"EXCLUDE a=2 b=2 | c d, G=2", "Q(G) Q(G,ab)", "* !c !d"},
};

static void before(struct bed *b, const struct cell *c, const char *host, const char *grp)
{
	if (c->silent) {
		struct bed_query_in q = {.version = 3, .max_resp = 100, .qrv = 2, .qqic = 125};

		q.from = strchr(host, ':') ? "fe80::" : "10.1.0.0";
		bed_query(b, 1, &q);
	}
	if (c->exclude) {
		bed_report1(b, 1, host, "IS_EX", grp, "cd");
		bed_report1(b, 1, host, "IS_IN", grp, "ab");
	} else {
		bed_report1(b, 1, host, "IS_IN", grp, "ab");
	}
	bed_run(b, 10 * BED_S);
	bed_queries(b);
}

static void run(const struct cell *c, const char *host, const char *grp)
{
	struct bed *b = lan_new();

	b->conf[0].leave = b->conf[1].leave = GMP_LEAVE_QUERY;
	b->conf[0].tracking = b->conf[1].tracking = false;
	bed_config(b);
	bed_run(b, 60 * BED_S); /* the next general query is more than 10 s away */
	before(b, c, host, grp);
	bed_report1(b, 1, host, c->type, grp, c->sources);
	assert_string_equal(bed_state(b, 1, grp), c->state);
	assert_string_equal(bed_queries(b), c->queries);
	assert_string_equal(bed_told(b, 1, grp), c->told);
	lan_end(b);
}

static void cell(void **state)
{
	const struct cell *c = *state;

	run(c, H4, G4);
	run(c, H6, G6);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(cells) / sizeof(cells[0])] = {0};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		tests[i].name = cells[i].name;
		tests[i].test_func = cell;
		tests[i].initial_state = (void *)(uintptr_t)&cells[i];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
