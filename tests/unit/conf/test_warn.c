/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * Warnings about valid files.
 */
#include "conf_test.h"

#include <stdlib.h>

#define LAN                                                          \
	"ports: ({name = \"p0\"; device = \"net_null0\";});\n"       \
	"interfaces: ({name = \"lan1\"; port = \"p0\"; address = [ " \
	"\"10.1.0.1/24\", \"10.2.0.1/31\", \"fd00::1/64\" ]; pim: { };});\n"

/* A valid file of LAN and more warns of exactly this, but for the path. */
static void warns(const char *more, const char *expected)
{
	char *text = NULL, *whole = NULL, *wanted = NULL;
	size_t len = 0;
	struct conf *c;
	FILE *to;

	assert_true(asprintf(&whole, "%s%s", LAN, more) > 0);
	c = right(whole);
	if (*expected)
		assert_true(asprintf(&wanted, "%s: warning: %s\n", c->path, expected) > 0);
	to = open_memstream(&text, &len);
	assert_non_null(to);
	conf_warn(c, to);
	fclose(to);
	assert_string_equal(text, wanted ? wanted : "");
	conf_free(c);
	free(text);
	free(whole);
	free(wanted);
}

static void a_usual_file_warns_of_nothing(void **state)
{
	warns("pim: {spt_switchover = \"rate\"; spt_rate_kbps = 5; register_source = \"10.1.0.1\"; rp: "
	      "({address = \"10.1.0.1\"; groups = [\"224.0.0.0/4\", \"239.0.0.0/8\"];}, {address = "
	      "\"10.1.0.2\"; groups = \"239.0.0.0/8\";}, {address = \"fd00::\";});};",
		"");
}

static void an_rp_of_the_same_groups_twice_is_named_once(void **state)
{
	const char *said =
		"RP 10.1.0.1 is named more than once for groups 224.0.0.0/4: once is enough";

	warns("pim: {rp: ({address = \"10.1.0.1\";}, {address = \"10.1.0.2\";}, {address = "
	      "\"10.1.0.1\"; groups = \"224.0.0.0/4\";}, {address = \"10.1.0.1\";});};",
		said);
	warns("pim: {rp: ({address = \"fd00::1\";}, {address = \"fd00::1\";});};",
		"RP fd00::1 is named more than once for groups ff00::/8: once is enough");
}

static void an_rp_that_no_router_can_be_is_named(void **state)
{
	warns("pim: {rp: ({address = \"10.1.0.255\";});};",
		"RP 10.1.0.255 is the broadcast address of 10.1.0.0/24, the subnet of interface "
		"'lan1': no router has it");
	warns("pim: {rp: ({address = \"10.1.0.0\";});};",
		"RP 10.1.0.0 is the network address of 10.1.0.0/24, the subnet of interface "
		"'lan1': no router has it");
	warns("pim: {rp: ({address = \"fe80::1\";});};",
		"RP fe80::1 is a link-local address: routers behind another link cannot reach it; "
		"choose one that is routed");
	/* RFC 3021: both addresses of a /31 are hosts'; 169.254.0.0/16 may be routed */
	warns("pim: {rp: ({address = \"10.2.0.0\";}, {address = \"169.254.1.1\";});};", "");
}

static void groups_of_an_rp_in_an_ssm_range_are_named(void **state)
{
	warns("pim: {rp: ({address = \"10.1.0.1\"; groups = [\"239.0.0.0/8\", \"232.1.0.0/16\"];});};",
		"groups 232.1.0.0/16 of RP 10.1.0.1 are in the SSM range 232.0.0.0/8, where no RP is "
		"used: they have no effect");
	warns("pim: {ssm_ranges = []; rp: ({address = \"10.1.0.1\"; groups = \"232.1.0.0/16\";});};",
		"");
}

static void settings_without_effect_are_named(void **state)
{
	warns("pim: {spt_rate_kbps = 5;};",
		"pim.spt_rate_kbps has no effect without spt_switchover = \"rate\": write that, too, "
		"or leave it out");
	warns("pim: {register_source = \"10.9.9.9\";};",
		"pim.register_source 10.9.9.9 is no address of an interface in the file: unless "
		"Linux adds it to one, Registers leave from the interface towards the RP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_file_warns_of_nothing),
		cmocka_unit_test(an_rp_of_the_same_groups_twice_is_named_once),
		cmocka_unit_test(an_rp_that_no_router_can_be_is_named),
		cmocka_unit_test(groups_of_an_rp_in_an_ssm_range_are_named),
		cmocka_unit_test(settings_without_effect_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
