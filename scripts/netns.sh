# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A network namespace for the time of a script, and everything in it. Sourced after common.sh.
#
#   netns_begin NAME           makes it; from here on every way out removes it
#   netns_exec COMMAND...      runs a command inside
#   netns_start LOG COMMAND... starts one inside, in the background; its pid is in $netns_pid
#   netns_wait PID             waits for it; its exit code
#   netns_stop PID [SECONDS]   SIGTERM, then SIGKILL when it does not end; its exit code
#   netns_on_end COMMAND       done on every way out, after the processes have ended
#   netns_await_link IF        waits until the interface is born
#   netns_configure IF CIDR [MTU]
#
# Only processes that were started here are ended.

wr_netns=''
netns_pid=''
wr_netns_pids=()
wr_netns_cleanups=()

netns_begin() {
	local name=$1
	have ip || die 3 "the ip command is missing; run scripts/setup"
	trap netns_end EXIT
	wr_netns=$name
	if ! ip netns add "$name" 2>/dev/null; then
		wr_netns=''
		die 3 "cannot make the network namespace $name: namespaces are not allowed here, or it exists"
	fi
	ip -n "$name" link set lo up
	# IPv6 would only put noise into the counters.
	netns_exec sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6' 2>/dev/null || true
}

netns_on_end() { wr_netns_cleanups+=("$1"); }

netns_exec() { ip netns exec "$wr_netns" "$@"; }

netns_start() {
	local log=$1
	shift
	# A process group of its own: a Ctrl-C at the terminal reaches the script alone,
	# which then ends its children in order.
	setsid ip netns exec "$wr_netns" "$@" >>"$log" 2>&1 </dev/null &
	netns_pid=$!
	wr_netns_pids+=("$netns_pid")
}

netns_forget() {
	local pid left=()
	for pid in "${wr_netns_pids[@]}"; do
		[ "$pid" = "$1" ] || left+=("$pid")
	done
	wr_netns_pids=("${left[@]}")
}

netns_wait() {
	local code=0
	wait "$1" 2>/dev/null || code=$?
	netns_forget "$1"
	return "$code"
}

netns_stop() {
	local pid=$1 seconds=${2:-10} tenth
	kill -TERM "$pid" 2>/dev/null || true
	for ((tenth = 0; tenth < seconds * 10; tenth++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null && say "process $pid had to be killed"
	netns_wait "$pid"
}

netns_await_link() {
	local tries
	for ((tries = 0; tries < 100; tries++)); do
		ip -n "$wr_netns" link show dev "$1" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}

netns_configure() {
	local link=$1 address=$2 mtu=${3:-1500}
	# The kernel drops what a tap's queue cannot take.
	ip -n "$wr_netns" link set dev "$link" mtu "$mtu" txqueuelen 20000
	ip -n "$wr_netns" address add "$address" dev "$link"
	ip -n "$wr_netns" link set dev "$link" up
}

netns_end() {
	local code=$? pid action
	trap '' INT TERM HUP
	trap - EXIT
	for pid in "${wr_netns_pids[@]}"; do
		netns_stop "$pid" 30 || true
	done
	for action in "${wr_netns_cleanups[@]}"; do
		$action || true
	done
	[ -z "$wr_netns" ] || ip netns del "$wr_netns" 2>/dev/null || true
	exit "$code"
}
