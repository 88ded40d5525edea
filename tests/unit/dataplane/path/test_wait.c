/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The sleep of an idle worker (wait.c). Descriptors of pipes stand for those of ports.
 */
#include "tests/unit/dataplane/path/fixture.h"

#include <unistd.h>

#define NS 1000

static int pipes[2];

static int setup(void **state)
{
	if (fx_setup(state) || pipe(pipes))
		return -1;
	fx.ports.by_id[1].wake_fd = pipes[0];
	return 0;
}

static int teardown(void **state)
{
	close(pipes[0]);
	close(pipes[1]);
	return fx_teardown(state);
}

static void a_sleep_without_a_frame_is_over_after_its_time(void **state)
{
	assert_false(worker_wait(fx.w, NS));
}

static void a_frame_at_one_of_the_ports_ends_the_sleep(void **state)
{
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_true(worker_wait(fx.w, NS));
}

static void a_frame_for_another_worker_does_not_end_the_sleep(void **state)
{
	assert_int_equal(write(pipes[1], "x", 1), 1);
	fx.w->n_workers = 2;
	assert_false(worker_wait(fx.w, NS));
	fx.w->index = 1;
	assert_true(worker_wait(fx.w, NS));
	fx.w->index = 0;
	fx.w->n_workers = 1;
}

static void a_port_in_error_does_not_keep_the_worker_awake(void **state)
{
	close(pipes[1]);
	assert_false(worker_wait(fx.w, NS));
	pipes[1] = dup(pipes[0]);
}

static void a_sleep_costs_frames_no_time_only_if_all_ports_end_it(void **state)
{
	assert_false(worker_wakes(fx.w));
	for (unsigned i = 0; i < fx.ports.n; i++)
		fx.ports.by_id[fx.ports.ids[i]].wake_fd = pipes[0];
	assert_true(worker_wakes(fx.w));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_sleep_without_a_frame_is_over_after_its_time),
		T(a_frame_at_one_of_the_ports_ends_the_sleep),
		T(a_frame_for_another_worker_does_not_end_the_sleep),
		T(a_port_in_error_does_not_keep_the_worker_awake),
		T(a_sleep_costs_frames_no_time_only_if_all_ports_end_it),
	};

	return cmocka_run_group_tests(tests, fx_start, fx_stop);
}
