#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The BPF programs' size: what runs at every context switch must not grow unnoticed. The
# limits are what the programs have, and some room: whoever needs more says why.
# shellcheck disable=SC1091,SC2154  # lib.sh sets top
. "$(dirname "$0")/lib.sh"

object=$top/build/bpf/energy.bpf.o
if [ ! -e "$object" ]; then
	echo "1..0 # SKIP $object is not built (make bpf)"
	exit 77
fi

# size SECTION: instructions of its program, eight bytes each.
size() {
	local hex
	hex=$(readelf -SW "$object" | sed 's/^ *\[ *[0-9]*\] *//' |
		awk -v s="$1" '$1 == s { print $5; exit }')
	[ -z "$hex" ] || echo $((16#$hex / 8))
}

# limit SECTION INSTRUCTIONS
limit() {
	local has
	has=$(size "$1")
	if [ -n "$has" ] && [ "$has" -gt 0 ] && [ "$has" -le "$2" ]; then
		ok "$1: $has instructions, at most $2"
	else
		not_ok "$1: at most $2 instructions" "has ${has:-none}"
	fi
}

limit tp_btf/sched_switch 1100
limit raw_tp/wattle_touch 1090
limit tp_btf/sched_process_fork 50
limit tp_btf/cpu_idle 50
limit tp_btf/cpu_frequency 50
limit iter/task 810
done_testing
