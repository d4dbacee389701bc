#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Datagrams a second that come back over a tap: `wringer serve` and dpdk-testpmd in turns on
# the same tap, the same CPU and the same client, everything in a network namespace. One JSON
# object on standard output. Called by scripts/bench.
#
#   tap.sh BUILD-FOLDER ROUNDS SECONDS
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/common.sh"
# shellcheck source=../../scripts/netns.sh
. "$WR_TOP/scripts/netns.sh"

build=$1 rounds=$2 seconds=$3
HOST=198.18.0.1 PEER=198.18.0.2
SERVER_CPU=0 CLIENT_CPU=1
WINDOW=64 BYTES=64

name=wringer-bench-$$
link=wb$$
work=$(mktemp -d)

# shellcheck disable=SC2317 # called by netns_end
remove_work() { rm -rf "$work" "/var/run/dpdk/$name"; } # testpmd leaves its runtime directory

# A tap without a neighbour that answers ARP needs to be told.
await_tap() {
	netns_await_link "$link" || {
		tail -n 5 "$work/server" >&2
		die 3 "the tap did not appear"
	}
	netns_configure "$link" "$PEER/24"
	[ "$1" = wringer ] || ip -n "$wr_netns" neighbour replace "$HOST" \
		lladdr 02:00:00:00:00:99 dev "$link"
}

start_wringer() {
	local tries
	netns_start "$work/server" "$build/app/wringer" serve --port "tap:$link" \
		--ip "$HOST/24" --lcores "$SERVER_CPU" --no-huge --instance "$name"
	for ((tries = 0; tries < 100; tries++)); do
		grep -q '^ready ' "$work/server" && break
		sleep 0.1
	done
	await_tap wringer
}

# 5tswap turns MAC addresses, IP addresses and ports round: a datagram comes back.
start_testpmd() {
	netns_start "$work/server" dpdk-testpmd --lcores "0@$CLIENT_CPU,1@$SERVER_CPU" \
		--no-huge --no-shconf --no-pci --no-telemetry -m 256 --file-prefix "$name" \
		--vdev "net_tap0,iface=$link" -- --forward-mode=5tswap --auto-start \
		--total-num-mbufs=16384 --burst=64 --stats-period 3600
	await_tap testpmd
	sleep 1
}

stop_server() {
	netns_stop "$netns_pid" 10 >&2 || true
	: >"$work/server"
}

# client PROGRAM ARGUMENT...: its figure
client() {
	local program=$1
	shift
	netns_exec timeout $((seconds + 20)) "$build/tests/bench/$program" "$HOST" 7 "$@" |
		sed -n 's/.*"per_second": \([0-9]*\).*/\1/p'
}

udp() { client udp_blast "$seconds" "$WINDOW" "$BYTES" "$CLIENT_CPU"; }
tcp() { client tcp_rr "$seconds" "$1" "$BYTES" "$CLIENT_CPU"; }

join() {
	local IFS=,
	printf '%s' "$*"
}

have dpdk-testpmd || die 3 "dpdk-testpmd is missing; run scripts/setup"
[ -c /dev/net/tun ] || die 3 "/dev/net/tun is missing"
netns_begin "$name"
netns_on_end remove_work
wringer=() testpmd=() tcp_1=() tcp_64=()
for ((round = 0; round < rounds; round++)); do
	start_wringer
	wringer+=("$(udp)")
	tcp_1+=("$(tcp 1)")
	tcp_64+=("$(tcp 64)")
	stop_server
	start_testpmd
	testpmd+=("$(udp)")
	stop_server
done
printf '{"wringer_udp": [%s], "testpmd_5tswap_udp": [%s], "wringer_tcp_1": [%s], "wringer_tcp_64": [%s]}\n' \
	"$(join "${wringer[@]}")" "$(join "${testpmd[@]}")" "$(join "${tcp_1[@]}")" \
	"$(join "${tcp_64[@]}")"
