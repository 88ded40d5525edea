#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
#
# scripts/setup --dry-run over an invented host: what it would bind, to what, and what it refuses.
# usage: setup_test.sh ROOT
set -eu

setup=$1/scripts/setup
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export STARG_SYS=$dir/sys
failed=0

# nic PCI VENDOR DEVICE [KERNEL-DRIVER [NETDEV]]
nic() {
	local dev=$STARG_SYS/bus/pci/devices/$1
	mkdir -p "$dev"
	echo "0x$2" >"$dev/vendor"
	echo "0x$3" >"$dev/device"
	echo 0x020000 >"$dev/class"
	if [ -n "${4:-}" ]; then
		mkdir -p "$STARG_SYS/bus/pci/drivers/$4"
		ln -s "$STARG_SYS/bus/pci/drivers/$4" "$dev/driver"
	fi
	[ -z "${5:-}" ] || mkdir -p "$dev/net/$5"
}

# expect NAME CODE TEXT OPTION...: exit code, and a text that the output holds.
expect() {
	local name=$1 code=$2 text=$3 out rc=0
	shift 3
	out=$("$setup" "$@" 2>&1) || rc=$?
	if [ "$rc" != "$code" ] || [[ $out != *"$text"* ]]; then
		printf 'FAILED %s: exit %s, wanted %s; no "%s" in:\n%s\n' "$name" "$rc" "$code" "$text" "$out"
		failed=1
	fi
}

nic 0000:3b:00.0 15b3 1017 mlx5_core ens1
nic 0000:3b:00.1 8086 159b ice ens2
nic 0000:3c:00.0 8086 10fb vfio-pci
nic 0000:3d:00.0 dead beef
mkdir -p "$STARG_SYS/kernel/mm/hugepages/hugepages-2048kB"
echo 100 >"$STARG_SYS/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

cat >"$dir/r.conf" <<'END'
# ports: ( { name = "no"; device = "0000:99:00.0"; } );
ports: ( { name = "a"; device = "3b:00.1,x=1"; }, /* } */
	{ device = "net_null0"; name = "b"; }, { name = "c"; device = "0000:3d:00.0"; driver = "i40e"; } );
interfaces: ( { name = "i"; port = "a"; } );
END
chmod 644 "$dir/r.conf"

expect bifurcated_nics_need_nothing 0 '0000:3b:00.0: nothing to bind, mlx5 works through' \
	--dry-run --bind 3b:00.0
expect a_nic_is_bound_to_what_its_file_says 0 '+ dpdk-devbind.py --bind=vfio-pci 0000:3b:00.1' \
	--dry-run --bind 0000:3b:00.1
expect every_step_says_how_to_undo_it 0 'undo: sudo scripts/setup --unbind 0000:3b:00.1' \
	--dry-run --bind 3b:00.1
expect what_is_bound_stays 0 '0000:3c:00.0: bound to vfio-pci already' --dry-run --bind 3c:00.0
expect an_absent_nic_is_named 1 'there is no PCI device 0000:77:00.0' --dry-run --bind 77:00.0
expect unbinding_gives_the_nic_back 0 '+ dpdk-devbind.py --unbind 0000:3c:00.0' \
	--dry-run --unbind 3c:00.0
expect unbinding_twice_is_harmless 0 '0000:3b:00.1: is with the kernel already' \
	--dry-run --unbind 3b:00.1
expect enough_hugepages_stay 0 'hugepages: 100 of 2 MB are there, 100 wanted' \
	--dry-run --hugepages 200
expect missing_hugepages_are_reserved 0 "+ echo '101' > " --dry-run --hugepages 201
expect status_shows_the_file_of_each_nic 0 '0000:3b:00.1  ice        ice          vfio-pci     ens2' \
	--status
expect no_option_is_wrong_usage 2 'usage: '
expect a_name_is_no_pci_address 2 "wants a PCI address such as 0000:3b:00.0, not 'eth0'" --bind eth0
expect ports_of_the_configuration_are_bound 0 '--bind=vfio-pci 0000:3b:00.1' \
	--dry-run --config "$dir/r.conf"
expect vdevs_of_the_configuration_need_nothing 0 'port b: net_null0 needs no binding' \
	--dry-run --config "$dir/r.conf"
expect the_driver_a_port_names_is_used 0 '--bind=vfio-pci 0000:3d:00.0' \
	--dry-run --config "$dir/r.conf"

[ "$failed" = 0 ] && echo "all right"
exit "$failed"
