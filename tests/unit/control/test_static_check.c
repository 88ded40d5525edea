/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * What a user can get wrong in a static route, and the sentence for each.
 */
#include "tests/unit/control/static_help.h"

static void assert_wrong(const struct static_route *r, const char *want)
{
	char err[256] = "";

	assert_int_equal(static_route_check(r, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, want);
}

static void wrong_groups_and_sources_are_named(void **state)
{
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", NULL, 0);
	char err[256];

	assert_int_equal(static_route_check(&r, err, sizeof(err)), 0);
	r.key = key("10.0.0.1", "224.0.0.5");
	assert_wrong(&r, "group 224.0.0.5 is link-local and never routed: give a group outside "
			 "224.0.0.0/24");
	r.key = key("2001:db8::1", "ff02::5");
	assert_wrong(&r, "group ff02::5 is link-local and never routed: give a group outside "
			 "ff00::/16, ff01::/16 and ff02::/16");
	r.key = key("*", "192.0.0.0/2");
	assert_wrong(&r, "group 192.0.0.0/2 is not multicast: give an address or prefix in "
			 "224.0.0.0/4");
	r.key = key("239.1.1.1", "239.1.1.1");
	assert_wrong(&r, "source 239.1.1.1 is a multicast address: give the sender's own address, "
			 "or *");
	r.key = key("127.0.0.1", "239.1.1.1");
	assert_wrong(&r, "source 127.0.0.1 is a loopback address, whose packets are never routed");
	r.key = key("0.0.0.0", "239.1.1.1");
	assert_wrong(&r, "source 0.0.0.0 is no sender's address: give * for any source");
	r.key.src = key("2001:db8::1", "ff05::1").src;
	assert_wrong(&r, "source 2001:db8::1 and group 239.1.1.1 are of different families");
	memset(&r.key, 0, sizeof(r.key));
	assert_wrong(&r, "the group is missing: give one, such as 239.1.1.1");
	r.key = key("*", "224.0.0.0/4"); /* holds link-local groups, but not only */
	assert_int_equal(static_route_check(&r, err, sizeof(err)), 0);
}

static void wrong_inputs_are_named(void **state)
{
	struct static_route r = route("*", "239.1.1.1", "rpf", NULL, 0);

	assert_wrong(&r, "input rpf needs a source to look up: give a source, or name the input "
			 "interface, or any");
	r.input_kind = STATIC_INPUT_IF;
	assert_wrong(&r, "the input is missing: name an interface, or rpf or any");
	r.n_inputs = DP_INPUTS_MAX + 1;
	assert_wrong(&r, "17 inputs are more than 16: use any");
	r.n_inputs = 2;
	assert_wrong(&r, "input 1 has no name: name an interface");
	snprintf(r.inputs[0], sizeof(r.inputs[0]), "lan1");
	snprintf(r.inputs[1], sizeof(r.inputs[1]), "lan1");
	assert_wrong(&r, "input lan1 is named twice: remove one");
	r.input_kind = 9;
	assert_wrong(&r, "input is neither rpf, any nor an interface");
}

static void wrong_outputs_are_named(void **state)
{
	struct static_output o[2] = {native("lan1"), native("lan1")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 2);

	assert_wrong(&r, "output lan1 is named twice: remove one");
	r.n_outputs = 1;
	o[0].ttl_threshold = 256;
	assert_wrong(&r, "ttl_threshold 256: give 0 to 255, or leave it out for the interface's");
	o[0] = native("lan1");
	o[0].port = 5000;
	assert_wrong(&r,
		"output lan1: port, dscp, source and preserve_source are for unicast outputs: add "
		"unicast or remove them");
	o[0] = native("");
	assert_wrong(&r, "output 1 goes nowhere: name an interface or a unicast address");
}

static void wrong_unicast_outputs_are_named(void **state)
{
	static const char *const bad[] = {"239.1.1.1", "0.0.0.0", "127.0.0.1", "255.255.255.255"};
	struct static_output o[2] = {unicast("", "10.1.0.5"), unicast("", "10.1.0.5")};
	struct static_route r = route("10.0.0.1", "239.1.1.1", "any", o, 2);
	char want[256], err[256];

	assert_wrong(&r,
		"output unicast 10.1.0.5 is named twice: remove one, or give them different "
		"ports");
	o[1].port = 5000;
	assert_int_equal(static_route_check(&r, err, sizeof(err)), 0);
	for (unsigned i = 0; i < 4; i++) {
		o[0].unicast = addr(bad[i]);
		snprintf(want, sizeof(want),
			"unicast %s is not one host's address: give the receiver's own", bad[i]);
		assert_wrong(&r, want);
	}
	o[0].unicast = addr("2001:db8::5");
	assert_wrong(&r, "unicast 2001:db8::5 and the group are of different families");
	o[0].unicast = addr("10.1.0.5");
	o[0].source = addr("10.1.0.1");
	o[0].preserve_source = true;
	assert_wrong(&r, "source 10.1.0.1 and preserve_source exclude each other: remove one");
	o[0].preserve_source = false;
	o[0].source = addr("239.1.1.1");
	assert_wrong(&r, "source 239.1.1.1 is not one host's address: give one of this router's");
	o[0].source = addr("2001:db8::1");
	assert_wrong(&r, "source 2001:db8::1 and unicast 10.1.0.5 are of different families");
}

static void wrong_excepts_are_named(void **state)
{
	struct prefix e[2] = {
		key("10.1.0.0/16", "239.1.1.1").src, key("10.2.0.1", "239.1.1.1").src};
	struct static_route r = route("10.0.0.0/8", "239.1.1.1", "any", NULL, 0);
	char err[256];

	r.n_excepts = 2;
	r.excepts = e;
	assert_int_equal(static_route_check(&r, err, sizeof(err)), 0);
	e[1] = key("11.0.0.0/16", "239.1.1.1").src;
	assert_wrong(&r, "except 11.0.0.0/16 is not within source 10.0.0.0/8: remove it");
	e[1] = key("10.1.2.0/24", "239.1.1.1").src;
	assert_wrong(&r, "except 10.1.2.0/24 lies within except 10.1.0.0/16: remove one");
	e[1] = r.key.src;
	assert_wrong(&r, "except 10.0.0.0/8 leaves no source: remove the route instead");
	e[1] = key("2001:db8::1", "ff05::1").src;
	assert_wrong(&r, "except 2001:db8::1 and the group are of different families");
	r.key = key("*", "239.1.1.1");
	e[1] = key("239.1.1.1", "239.1.1.1").src;
	assert_wrong(&r, "except 239.1.1.1 is multicast: give addresses of senders");
	e[1] = key("*", "239.1.1.1").src;
	assert_wrong(&r, "except * leaves no source: remove the route instead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_groups_and_sources_are_named),
		cmocka_unit_test(wrong_inputs_are_named),
		cmocka_unit_test(wrong_excepts_are_named),
		cmocka_unit_test(wrong_outputs_are_named),
		cmocka_unit_test(wrong_unicast_outputs_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
