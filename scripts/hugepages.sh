# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Reserves 2 MiB hugepages for the time of a script. Sourced after common.sh.

WR_HUGE_FILE=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
wr_huge_before='' # pages there were; empty: we changed nothing
wr_huge_mount=''  # the mount that we made

huge_count() {
	local kind=${1:-nr}
	cat "${WR_HUGE_FILE%/*}/${kind}_hugepages" 2>/dev/null || echo 0
}

huge_mounted() { awk '$3 == "hugetlbfs" { found = 1 } END { exit !found }' /proc/mounts; }

# hugepages_reserve PAGES: makes so many pages free where it may. Returns 1, and says why,
# if it could not; then Wringer runs on ordinary memory.
hugepages_reserve() {
	local want=$1 free total
	free=$(huge_count free)
	total=$(huge_count nr)
	if [ "$free" -lt "$want" ]; then
		if ! { echo $((total + want - free)) >"$WR_HUGE_FILE"; } 2>/dev/null; then
			say "hugepages: this system does not let us reserve any; going on without"
			return 1
		fi
		wr_huge_before=$total
		free=$(huge_count free)
		if [ "$free" -lt "$want" ]; then
			say "hugepages: only $free of $want are free; going on without"
			hugepages_restore
			return 1
		fi
	fi
	huge_mounted && return
	mkdir -p /dev/hugepages
	if ! mount -t hugetlbfs -o pagesize=2M hugetlbfs /dev/hugepages 2>/dev/null; then
		say "hugepages: hugetlbfs cannot be mounted; going on without"
		hugepages_restore
		return 1
	fi
	wr_huge_mount=/dev/hugepages
}

# Gives back what hugepages_reserve took.
hugepages_restore() {
	if [ -n "$wr_huge_mount" ]; then
		umount "$wr_huge_mount" 2>/dev/null || true
		wr_huge_mount=''
	fi
	if [ -n "$wr_huge_before" ]; then
		echo "$wr_huge_before" >"$WR_HUGE_FILE" 2>/dev/null || true
		wr_huge_before=''
	fi
}
