#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# stat: what a command cost, against the kernel's own accounts of it; and what can go wrong.
# No joules are needed: CPU time is what joules are divided by. See stat_energy.sh for those.
# shellcheck disable=SC1091,SC2034,SC2154  # lib.sh sets code, out and err, and reads failed
. "$(dirname "$0")/lib.sh"

# What needs no privileges.
fails 2 'nothing to measure: give -- CMD, -p PID or -a' stat
fails 2 'put -- before the command: wattle stat -- true' stat true
fails 2 'exclude each other: one process or all' stat -p 1 -a
fails 2 'exclude each other: columns or JSON' stat -j -x, -- true
fails 2 'separator must not be empty' stat -x '' -- true
fails 2 "-i '9': must be a whole number from 10" stat -i 9 -- true
fails 2 "-p '0'" stat -p 0
needs_bpf
if [ ! -e /sys/kernel/btf/vmlinux ]; then
	fails 1 'needs a kernel with BTF' stat -- true
	skip "the rest" "this kernel has no BTF"
	done_testing
fi

# Somebody else's eyes: a copy they can run.
cp "$wattle" as-nobody
chmod 755 as-nobody
nobody() {
	code=0
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@" >"$work/out" 2>"$work/err" || code=$?
	err=$(cat "$work/err")
}
nobody "$work/as-nobody" stat -- true
is "no privileges: exit code" 1 "$code"
like "no privileges: what is missing, and what gives it" 'CAP_BPF and CAP_PERFMON.*setcap cap_bpf,cap_perfmon.ep' "$err"
nobody --inh-caps=+bpf,+perfmon --ambient-caps=+bpf,+perfmon "$work/as-nobody" stat -x, -- true
is "CAP_BPF and CAP_PERFMON are enough" 0 "$code"

# Without figures there is nothing more to test.
run stat -x, -- true
is "the programs load $(grep -v warning: err | grep '^wattle')" 0 "$code"
[ "$code" = 0 ] || { failed=1; done_testing; }

# The command's own end.
fails 127 "cannot run '$work/none': No such file" stat -- "$work/none"
: >plain
fails 126 "cannot run '$work/plain': Permission denied" stat -- "$work/plain"
fails 1 'cannot write /nowhere/f: No such file' stat -o /nowhere/f -- true
run stat -- sh -c 'echo to-stdout; exit 3'
is "the exit code passes" 3 "$code"
is "stdout is the command's" to-stdout "$out"
like "figures go to stderr" "Energy statistics for 'sh -c.*CPU time.*seconds time elapsed" "$err"
# shellcheck disable=SC2016  # the command's own $$
run stat -- sh -c 'kill -KILL $$'
is "ended by a signal: 128 + 9" 137 "$code"
run stat -- sh -c 'yes | head -n 1'
is "SIGPIPE is as it was" "0 y" "$code $out"

# All three forms have the same figures.
run stat -x, -- true
is "columns: six of them, in every line" 6 "$(grep -v '^wattle' err | awk -F, '{ print NF }' | sort -u)"
keys=$(grep -v '^wattle' err | awk -F, '{ print $3 }' | sort | paste -sd' ')
run stat -j -o json -- true
is "JSON: no figure on stderr" "" "$(grep -v 'stat: warning:' err)"
is "JSON and columns name the same figures" "$keys" \
	"$(json json '" ".join(sorted(k for k, v in d.items() if isinstance(v, dict)))')"
is "what is not available says why" True \
	"$(json json 'all(v["available"] or len(v["why"]) > 10 for v in d.values() if isinstance(v, dict) and "available" in v)')"
run stat -i 100 -j -o json -- sleep 0.55
# A machine that stands still for a while has fewer of them.
is "intervals: more than one, and they add up" True \
	"$(json json 'len(d["intervals"]) >= 2 and abs(sum(i["seconds"] for i in d["intervals"]) - d["elapsed"]["value"]) < 1e-6 and abs(sum(i["cpu_s"] for i in d["intervals"]) - d["cpu_time"]["value"]) < 1e-6')"

# A tree, against what the kernel accounts to it; bash asks when all have been waited for.
cat >tree.py <<'PY'
import os, sys
n, loops = int(sys.argv[1]), int(sys.argv[2])
def work(x):
    for i in range(x):
        pass
    os._exit(0)
for i in range(n):
    pid = os.fork()
    if not pid:
        work(loops)
    os.waitpid(pid, 0)
PY
# Seconds that the hypervisor gave to others: in a slice of ours, but not in times(2).
stolen() {
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print $9 / hz }' /proc/stat
}
# near N LOOPS: stat's CPU time is what the kernel says, to 5 % and 50 ms (bash's own end).
near() {
	local steal
	steal=$(stolen)
	run stat -j -o json -- bash -c '/usr/bin/python3 tree.py "$@"; times >spent' tree "$@"
	local told
	told=$(tr 'ms' '  ' <spent | awk '{ s += 60 * ($1 + $3) + $2 + $4 } END { print s }')
	steal="$(stolen) - $steal"
	json json "-0.05 * $told - 0.05 < d['cpu_time']['value'] - $told < 0.05 * $told + 0.05 + $steal or (d['cpu_time']['value'], $told, $steal)"
}
is "three children's CPU time" True "$(near 3 3000000)"
is "400 children that live for a moment" True "$(near 400 20000)"
# Threads that the kernel makes without a fork (io_uring's) have no account: anybody's, so few.
is "none of the storm was lost" True "$(json json 'd["lost_records"] == 0 and d["lost_s"] <= 0.01 * d["busy_s"]')"
cat >escape.py <<'PY'
import os, time, resource
r, w = os.pipe()
if not os.fork():
    if not os.fork():           # its parent is gone: init's now
        os.setsid()
        while time.process_time() < 0.3:
            pass
        os.write(w, b"x")
    os._exit(0)
os.wait()
os.read(r, 1)                   # wait for it to be done, whoever's child it is
PY
run stat -j -o json -- /usr/bin/python3 escape.py
is "a child that changed parents stays in the tree" True "$(json json 'd["cpu_time"]["value"] >= 0.29')"

# A process that is there already, with a child; then one that is not.
/usr/bin/python3 -c 'import os
me = os.getpid()
if not os.fork():
    while os.getppid() == me:
        pass
    os._exit(0)
while True:
    pass' &
busy=$!
run stat -p "$busy" -j -o json -- sleep 0.5
is "-p: somebody else's CPU time" True "$(json json 'd["cpu_time"]["value"] > 0.05')"
# Its children are killed with it: by their parent's id, read before it is gone.
children=$(cat "/proc/$busy/task/$busy/children" 2>/dev/null)
# shellcheck disable=SC2086  # a list
kill -KILL "$busy" $children
wait "$busy" 2>/dev/null
fails 1 "there is no process $busy" stat -p "$busy"

# Signals go to the command; the figures come all the same.
mkfifo ready
exec 7<>ready	# both ends are ours: nothing here can wait for an end that never opens
"$wattle" stat -o term.txt -- sh -c 'trap "echo term >got; exit 7" TERM; echo >ready; while :; do sleep 0.1; done' &
pid=$!
read -r -t 60 _ <&7 || not_ok "the command said that it runs"
kill -TERM $pid
code=0
wait $pid || code=$?
is "TERM reaches the command, whose code passes" "7 term" "$code $(cat got)"
like "and the figures are there" 'seconds time elapsed' "$(cat term.txt)"
"$wattle" stat -a -i 50 -x, -o all.txt &
pid=$!
until_true test -s all.txt
kill -INT $pid
code=0
wait $pid || code=$?
is "-a: interrupted is done" 0 "$code"
like "-a: figures at the end" 'elapsed' "$(cat all.txt)"
code=0
"$wattle" stat -o /dev/full -- true 2>err || code=$?
is "a full disk is not success" 1 "$code"
done_testing
