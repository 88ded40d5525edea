/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Routes that move from one input to another, in the route table.
 */
#include "dataplane/moving.h"
#include "fixture.h"

#include <errno.h>

static int set(struct dataplane *d, const struct dp_route *r)
{
	return route_set(d, r, 1, NULL);
}

static void a_route_that_moves_has_state_until_it_has_one_input_again(void **state)
{
	struct dataplane *d = fixture_new(1, 100);
	struct dp_route r = fixture_route("10.1.1.1", "239.1.1.1", 4, 0);
	const struct mfib_route *e;
	struct fwd_move *mv;

	assert_int_equal(set(d, &r), 0);
	assert_null(mfib_find(&d->mfib, &r.key)->inputs);
	d->workers[0]->route_ctr[mfib_find(&d->mfib, &r.key)->counter].last_tsc = 4711;
	r.n_inputs = 2;
	r.inputs[1] = (struct dp_input){
		.ifid = 2, .flags = DP_INPUT_ACCEPT | DP_INPUT_SIGNAL, .role = DP_ROLE_NEXT};
	assert_int_equal(set(d, &r), 0);
	e = mfib_find(&d->mfib, &r.key);
	mv = e->inputs->move;
	assert_non_null(mv);
	assert_int_equal(mv->before, 4711);
	assert_int_equal(set(d, &r), 0);
	assert_ptr_equal(mfib_find(&d->mfib, &r.key), e); /* the same once more */
	r.inputs[1].flags = DP_INPUT_ACCEPT;
	assert_int_equal(set(d, &r), 0);
	assert_ptr_equal(mfib_find(&d->mfib, &r.key)->inputs->move, mv);
	r.inputs[0].role = DP_ROLE_NEXT;
	assert_int_equal(set(d, &r), -EINVAL);
	/* two neighbours on one link */
	r.n_inputs = 1;
	assert_int_equal(set(d, &r), 0);
	assert_ptr_not_equal(mfib_find(&d->mfib, &r.key)->inputs->move, mv);
	r.inputs[0].role = DP_ROLE_PRIMARY;
	assert_int_equal(set(d, &r), 0);
	assert_null(mfib_find(&d->mfib, &r.key)->inputs);
	fixture_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_that_moves_has_state_until_it_has_one_input_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
