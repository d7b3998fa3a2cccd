#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# doctor and status: each finding follows from what is there, with a cure.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

# finding ROOT CHECK: state, finding and cure in one line.
finding() {
	run -j doctor --root "$1"
	json out "\" | \".join(d[\"checks\"].get(\"$2\", {}).get(k, \"\") for k in (\"state\", \"finding\", \"cure\"))"
}

# An empty machine: nothing is broken, everything missing has a cure.
mkdir bare
run -j doctor --root "$work/bare"
is "bare: nothing is broken" "0 0" "$code $(json out 'd["result"]["broken"]')"
is "every note has a cure" True "$(json out 'all(c["state"] == "ok" or len(c["cure"]) > 20 for c in d["checks"].values())')"
is "notes are counted" True "$(json out 'd["result"]["notes"] == sum(c["state"] == "note" for c in d["checks"].values()) > 3')"
like "bare: module" 'note . wattle is not loaded.*insmod' "$(finding "$work/bare" module)"
like "bare: device" 'note . .*/dev/wattle is not there' "$(finding "$work/bare" device)"
like "bare: cpufreq" 'note . no driver' "$(finding "$work/bare" cpufreq)"
like "bare: cpuidle" 'note . no driver' "$(finding "$work/bare" cpuidle)"
like "bare: btf" 'note . the kernel has no BTF' "$(finding "$work/bare" btf)"
like "bare: cpus" 'note . .*cannot be read . mount it' "$(finding "$work/bare" cpus)"

# A server: two packages of two CPUs, one CPU offline.
cpu=server/sys/devices/system/cpu
mkdir -p $cpu/cpu{0,1,2,3}/topology $cpu/cpu0/cpufreq $cpu/cpuidle server/sys/kernel/btf
echo 0-1,3 >$cpu/online
echo 0 >$cpu/cpu0/topology/physical_package_id
echo 0 >$cpu/cpu1/topology/physical_package_id
echo 1 >$cpu/cpu3/topology/physical_package_id
echo acpi-cpufreq >$cpu/cpu0/cpufreq/scaling_driver
echo schedutil >$cpu/cpu0/cpufreq/scaling_governor
echo intel_idle >$cpu/cpuidle/current_driver
: >server/sys/kernel/btf/vmlinux
like "server: cpus" 'ok . 3 online in 2 packages' "$(finding "$work/server" cpus)"
like "server: cpufreq" 'ok . driver acpi-cpufreq, governor schedutil' "$(finding "$work/server" cpufreq)"
like "server: cpuidle" 'ok . driver intel_idle' "$(finding "$work/server" cpuidle)"
like "server: btf" 'ok . ' "$(finding "$work/server" btf)"
echo intel_pstate >$cpu/cpu0/cpufreq/scaling_driver
like "a driver that only takes hints" 'note . driver intel_pstate.*hints' "$(finding "$work/server" cpufreq)"
for nonsense in x 3-1 1- 0,,2 99999999999; do
	echo "$nonsense" >$cpu/online
	like "nonsense CPU list '$nonsense'" 'note . ' "$(finding "$work/server" cpus)"
done

# Others that set frequencies.
echo 0-1,3 >$cpu/online
like "no /proc" 'note . /proc cannot be read.*mount it' "$(finding "$work/server" managers)"
mkdir -p server/proc/{7,8,self} server/etc/tuned $cpu/cpufreq/policy{0,1}
echo bash >server/proc/7/comm
echo nobody-we-know >server/proc/8/comm
printf 'A=1\0' | tee server/proc/7/environ >server/proc/8/environ
for p in 0 1; do
	for what in cpuinfo_min_freq scaling_min_freq; do echo 800000 >$cpu/cpufreq/policy$p/$what; done
	for what in cpuinfo_max_freq scaling_max_freq; do echo 3200000 >$cpu/cpufreq/policy$p/$what; done
done
like "nobody else" 'ok . no other program' "$(finding "$work/server" managers)"
like "no limits" 'ok . no cpufreq policy of 2 is limited' "$(finding "$work/server" limits)"
is "no Slurm, no line" " |  | " "$(finding "$work/server" slurm)"
echo tuned >server/proc/8/comm
like "tuned, profile unknown" 'note . tuned runs .pid 8. and sets.*systemctl stop tuned' "$(finding "$work/server" tuned)"
echo throughput-performance >server/etc/tuned/active_profile
like "tuned with its profile" 'pid 8, profile throughput-performance' "$(finding "$work/server" tuned)"
is "then no all-clear" " |  | " "$(finding "$work/server" managers)"
echo power-profiles- >server/proc/8/comm
like "a name cut at 15 characters" 'note . power-profiles-daemon runs' "$(finding "$work/server" power-profiles-)"
printf 'A=1\0SLURM_CPU_FREQ_REQX=no\0SLURM_CPU_FREQ_REQ=2400000\0Z=' >server/proc/8/environ
like "a Slurm job with --cpu-freq" 'note . a job step .pid 8. .*--cpu-freq .2400000.' "$(finding "$work/server" slurm)"
echo 2000000 >$cpu/cpufreq/policy1/scaling_max_freq
like "a limit" 'note . 1 of 2 .*policy1 has 800000 to 2000000 kHz.*cpuinfo_max_freq' "$(finding "$work/server" limits)"

# A device that is there and is none.
mkdir -p odd/dev odd/sys/module/wattle
run -j doctor --root "$work/odd"
is "module without a device: broken, exit 1" "1 broken" "$code $(json out 'd["checks"]["device"]["state"]')"
like "module without a device: cure" 'udev' "$(json out 'd["checks"]["device"]["cure"]')"
: >odd/dev/wattle
run -j doctor --root "$work/odd"
is "a plain file as the device: broken, exit 1" "1 broken" "$code $(json out 'd["checks"]["device"]["state"]')"
if [ "$(id -u)" = 0 ]; then
	chmod 600 odd/dev/wattle
	cp "$wattle" as-nobody
	chmod 755 as-nobody
	code=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" -j doctor \
		--root "$work/odd" >out 2>err || code=$?
	is "no permission: broken, exit 1" "1 broken" "$code $(json out 'd["checks"]["device"]["state"]')"
	like "no permission: cure" 'usermod -aG wattle' "$(json out 'd["checks"]["device"]["cure"]')"
else
	skip "no permission" "needs root to become somebody else"
fi

# Text has what JSON has.
run doctor
text=$out
run -j doctor
for check in $(json out '" ".join(d["checks"])'); do
	like "text has $check" "$check +(ok|note|BROKEN)" "$text"
done

# Status: one line, and the same in JSON.
run status
is "status is one line" 1 "$(wc -l <out)"
like "status line" '[|] [0-9]+ packages?, [0-9]+ CPUs?.* [|] cpufreq ([^,|]+ [(](not steered|hint|effective)[)]|not available: no driver), cpuidle ([^,|]+ [(](not steered|hint|effective)[)]|not available: no driver) [|] energy: ' "$out"
text=$out
run -j status
like "status: CPUs agree" "[ ,]$(json out 'd["cpus_online"]') CPU" "$text"

# mode without a module.
if [ ! -e /sys/class/misc/wattle ]; then
	fails 5 'the module is not loaded; load it with' mode
	fails 5 'the module is not loaded; load it with' mode off
else
	skip "mode without a module" "the module is loaded"
fi

done_testing
