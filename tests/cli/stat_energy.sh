#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# stat of the whole machine: all time and, where there is a meter, all joules are somebody's.
# Runs in the guests too, where the virtual platform has one.
# shellcheck disable=SC1091,SC2034,SC2154  # lib.sh sets code, out and err, and reads failed
. "$(dirname "$0")/lib.sh"

needs_bpf
if [ ! -e /sys/kernel/btf/vmlinux ]; then
	skip "all" "this kernel has no BTF"
	done_testing
fi

# Every CPU's time is somebody's: busy + idle = CPUs x elapsed. CPUs are read one after the
# other, so the reader's own absence in between counts: 5 % and 100 ms.
run stat -j -o json -a -- sleep 2
is "busy and idle time are all the time" True \
	"$(json json "abs(d['busy_s'] + d['idle_s'] - $(getconf _NPROCESSORS_ONLN) * d['elapsed']['value']) < 0.05 * $(getconf _NPROCESSORS_ONLN) * d['elapsed']['value'] + 0.1")"
is "busy time is processes, kernel and nobody" True \
	"$(json json "abs(d['busy_s'] - d['cpu_time']['value'] - d['kernel_s'] - d['lost_s']) < 0.05 * d['busy_s'] + 0.1")"

# The meters' joules are all somebody's, to the microjoule, where there is a meter.
if [ "$(json json 'd["energy"]["available"]')" = True ]; then
	is "the parts add up to the packages" True \
		"$(json json 'abs(sum(d[k].get("value", 0) for k in ("energy", "energy_kernel", "energy_idle", "energy_unattributed")) - d["energy_package"]["value"]) < 1.5e-6')"
	is "and there was something to divide" True "$(json json 'd["energy_package"]["value"] > 0')"
	is "bounds are around the figure" True "$(json json 'd["energy"]["low"] <= d["energy"]["value"] <= d["energy"]["high"]')"
else
	skip "the parts add up to the packages" "no source of joules here"
fi

done_testing
