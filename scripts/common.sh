# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What every script here shares: where things are, how it speaks, how it gives up.
# Sourced, never run. Exit codes are those of the wringer command: 2 usage, 3 environment.

set -euo pipefail
# A signal ends the script through its EXIT trap, also while a program runs that ignores it.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

WR_TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
WR_BUILD=${WR_BUILD:-$WR_TOP/build}
# Debian's own interpreter: scapy is installed for that one.
WR_PYTHON=/usr/bin/python3
readonly WR_TOP WR_BUILD WR_PYTHON
export WR_TOP WR_BUILD WR_PYTHON

say() { printf '%s\n' "$*" >&2; }
step() { say "== $*"; }
die() {
	local code=$1
	shift
	say "${0##*/}: $*"
	exit "$code"
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# need_root WHY: prints the one line to run instead and ends with 3.
need_root() {
	is_root && return
	say "${0##*/}: $1; run this instead:"
	say "  sudo ${0}"
	exit 3
}

# quietly LOG COMMAND...: runs it with its output in LOG; the end of that is shown if it fails.
quietly() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 && return
	local code=$?
	tail -n 40 "$log" >&2
	return "$code"
}
