# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The starg authors
#
# What the scripts share: packages, building, talking. Source it; it changes to the root of the
# repository and sets ROOT.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# Debian 12 packages: to build, to run tests, to run labs, to measure.
# shellcheck disable=SC2034
PACKAGES_BUILD=(gcc libc6-dev pkg-config meson ninja-build libdpdk-dev libconfig-dev libevent-dev
	libmnl-dev libjansson-dev libcmocka-dev libcap-ng-dev)
# shellcheck disable=SC2034
PACKAGES_TEST=(python3 python3-pytest python3-scapy python3-matplotlib tshark dpdk-dev)
# shellcheck disable=SC2034
PACKAGES_LAB=(python3 iproute2 ethtool iputils-ping procps frr)
# shellcheck disable=SC2034
PACKAGES_BENCH=(python3 dpdk-dev)
# shellcheck disable=SC2034
PACKAGES_LINT=(clang clang-format shellcheck groff man-db git python3)

# libFuzzer and the sanitizers of Debian 12's clang.
# shellcheck disable=SC2034
PACKAGES_FUZZ=(clang libclang-rt-14-dev)

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

is_root() {
	[ "$(id -u)" = 0 ]
}

need_root() {
	is_root || die "needs root for network namespaces: sudo $0 $*"
}

# need_packages NAME...: installs those that are missing; without root says what to type.
need_packages() {
	local missing=() p
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' ||
			missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return 0
	command -v apt-get >/dev/null || die "packages missing, and this is not Debian: ${missing[*]}"
	is_root || die "packages missing. Install them: sudo apt-get install ${missing[*]}"
	say "installing ${missing[*]}"
	if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } \
		</dev/null >"${TMPDIR:-/tmp}/starg-apt.$$" 2>&1; then
		tail -20 "${TMPDIR:-/tmp}/starg-apt.$$" >&2
		rm -f "${TMPDIR:-/tmp}/starg-apt.$$"
		die "apt-get could not install: ${missing[*]}"
	fi
	rm -f "${TMPDIR:-/tmp}/starg-apt.$$"
}

# build_in DIR [MESON-OPTION...]: configures DIR if it is new and builds everything in it, or only
# what BUILD_TARGETS names. CC is honoured for a new directory. Prints only what fails.
build_in() {
	local dir=$1 log
	shift
	log=$(mktemp "${TMPDIR:-/tmp}/starg-build.XXXXXX")
	# A directory made for another checkout, or half made, is of no use.
	if [ -e "$dir" ] && [ ! -e "$dir/build.ninja" ]; then
		rm -rf "$dir"
	fi
	# shellcheck disable=SC2086
	if ! { { [ -e "$dir/build.ninja" ] || meson setup "$dir" "$@"; } &&
		ninja -C "$dir" ${BUILD_TARGETS:-}; } \
		</dev/null >"$log" 2>&1; then
		grep -nE -A8 'error|ERROR|FAILED' "$log" | head -60 >&2
		[ -s "$log" ] && tail -5 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
