/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a start does about others: signals that come before anybody takes them, and an earlier stargd that is
 * still on its way out.
 */
#include "app/starting.h"

#include "app/app.h"
#include "control/base/log.h"

#include <signal.h>
#include <unistd.h>

#define WAIT_US 10000000
#define TRY_US 50000

static void mask(int how, bool reload, bool end)
{
	sigset_t set;

	sigemptyset(&set);
	if (reload)
		sigaddset(&set, SIGHUP);
	if (end) {
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGINT);
	}
	pthread_sigmask(how, &set, NULL);
}

void starting_hold_reload(void)
{
	mask(SIG_BLOCK, true, false);
}

void starting_hold_end(void)
{
	mask(SIG_BLOCK, true, true);
}

void starting_take_signals(void)
{
	mask(SIG_UNBLOCK, true, true);
}

bool starting_is_to_end(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

bool starting_waits(struct app *app, const char *problem)
{
	uint64_t now = app_now_us();

	if (app->booted || starting_is_to_end())
		return false;
	if (!app->wait_until_us) {
		app->wait_until_us = now + WAIT_US;
		log_notice("stargd", "%s; waiting up to %u s for the other process to end", problem,
			WAIT_US / 1000000);
	}
	if (now >= app->wait_until_us)
		return false;
	usleep(TRY_US);
	return true;
}
