/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The starg authors
 *
 * The command table: every row of every handler file.
 */
#include "app/shell/value.h"

const struct cmd *const cmd_tables[] = {
	show_port_cmds,
	show_offload_cmds,
	show_net_cmds,
	show_mroute_cmds,
	show_gmp_cmds,
	show_pim_cmds,
	show_pim_tree_cmds,
	show_system_cmds,
	show_police_cmds,
	do_route_cmds,
	do_router_cmds,
	do_write_cmds,
	explain_cmds,
	trace_cmds,
	pcap_cmds,
	help_cmds,
};
const size_t cmd_n_tables = COUNT_OF(cmd_tables);
