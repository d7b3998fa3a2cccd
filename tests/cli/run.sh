#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# run: the command is what it is without wattle; natively it is only measured, on a device
# (the guests have one) it is slowed within what was allowed, and nothing stays behind.
# shellcheck disable=SC1091,SC2016,SC2154  # lib.sh sets code, out and err; $$ and $i are the command's
. "$(dirname "$0")/lib.sh"

fails 2 'nothing to run: give -- CMD' run
fails 2 'put -- before the command: wattle run -- true' run true
fails 2 '--deadline: nobody knows how much work' run --deadline 5m -- true
fails 2 '--budget: a program not written for wattle' run --budget 5J -- true
fails 2 "--max-slowdown 'x'" run --max-slowdown x -- true
fails 2 "--max-slowdown '%'" run --max-slowdown % -- true
fails 2 "--max-slowdown '-1'" run --max-slowdown -1 -- true
fails 2 "--max-slowdown '1001'" run --max-slowdown 1001% -- true
fails 2 "--class 'best'" run --class best -- true
fails 127 "cannot run '$work/none': No such file" run -- "$work/none"
: >plain
fails 126 "cannot run '$work/plain': Permission denied" run -- "$work/plain"
fails 1 'cannot write /nowhere/f: No such file' run -o /nowhere/f -- true

# A command is what it is without wattle.
natively() {
	# What the command is: its output, exit code, signals, descriptors.
	run run -- sh -c 'echo to-stdout; exit 3'
	is "exit code and output pass" "3 to-stdout" "$code $out"
	like "a bill on stderr" 'CPU time by its own account' "$err"
	run run -- sh -c 'kill -KILL $$'
	is "ended by a signal: 128 + 9" 137 "$code"
	run run -- sh -c 'yes | head -n 1'
	is "SIGPIPE is as it was" "0 y" "$code $out"
	want=$(sh -c 'ls /proc/self/fd | wc -l' </dev/null 2>/dev/null)
	run run -- sh -c 'ls /proc/self/fd | wc -l'
	is "no descriptor of ours reaches it" "0 $want" "$code $out"
	ignored=$(sh -c 'trap "" PIPE; exec "$0" run -- grep SigIgn /proc/self/status' "$wattle" 2>err)
	is "SIGPIPE is ignored where it was" 1 "$((0x${ignored#SigIgn:?} >> 12 & 1))"
	for sig in TERM HUP USR1 ALRM WINCH RTMIN; do
		rm -f ready
		# Who runs this test may ignore some, which a shell then cannot trap.
		"$wattle" run -- env --default-signal bash -c \
			"trap 'exit 42' $sig; : >ready; for i in {1..300}; do sleep 0.1; done" \
			2>err &
		pid=$!
		until_true test -e ready
		kill -$sig $pid
		code=0
		wait $pid || code=$?
		is "SIG$sig sent to wattle reaches it" 42 "$code"
	done
	run run -j -o bill -- sh -c 'exit 5'
	is "-o and -j" "5 5 True" "$code $(json bill 'd["exit"]') $(json bill 'd["run"]["wall_s"] > 0')"

	# A fork storm: all ends, nobody is left.
	run run -- sh -c 'i=0; while [ $i -lt 300 ]; do (exit 0) & i=$((i + 1)); done; wait; echo all'
	is "300 children" "0 all" "$code $out"

	# A real program, which gives the same with and without.
	if /usr/bin/python3 -c 'import sklearn' 2>/dev/null; then
		cat >fit.py <<-'PY'
		from sklearn.datasets import make_classification
		from sklearn.linear_model import LogisticRegression
		x, y = make_classification(2000, 20, random_state=1)
		print("%.6f" % LogisticRegression(max_iter=200).fit(x, y).score(x, y))
		PY
		want=$(/usr/bin/python3 fit.py)
		run run -- /usr/bin/python3 fit.py
		is "scikit-learn: the same score" "0 $want" "$code $out"
	else
		skip "scikit-learn" "python3-sklearn is not installed here"
	fi

	run run -j -o bill -- true
	is "no module: said, and only measured" "0 False" "$code $(json bill 'd["steered"]["available"]')"
	like "and why" 'not steered, only measured: there is no /dev/wattle' "$err"
}

# In a guest each run takes ten seconds, and a real program minutes.
if [ ! -c /dev/wattle ]; then
	natively
	done_testing
fi

# Steered.
w=/sys/class/misc/wattle
cat /sys/devices/system/cpu/online >$w/managed_cpus
limits() { cat /sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq 2>/dev/null; }
before=$(limits)
run mode enforce
busy='i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done'
run run -j -o bill --max-slowdown 100% --consent -- sh -c "$busy"
is "steered: exit code, mode" "0 enforce" "$code $(json bill 'd["steered"]["mode"]')"
if [ -d /sys/devices/system/cpu/cpufreq/policy0 ]; then
	is "it ran under a limit" True "$(json bill '0 < d["steered"]["capped_s"] <= d["steered"]["member_s"]')"
	is "the model says it lost no more than was allowed" True "$(json bill '0 < d["slowdown"]["estimated_share"] <= d["slowdown"]["allowed_share"]')"
fi
run run -j -o bill --max-slowdown 100% -- sh -c "$busy"
is "without consent and counters it runs free" "0 0.0" "$code $(json bill 'd["steered"]["capped_s"]')"
like "and is told so" 'not slowed: there is no counter .*--consent' "$err"
run mode observe
run run -j -o bill --max-slowdown 100% --consent -- sh -c "$busy"
is "observe slows nothing" "0 observe 0.0" "$code $(json bill 'd["steered"]["mode"]') $(json bill 'd["steered"]["capped_s"]')"

# Killed with the command under a limit: the limit goes, the command runs on.
run mode enforce
"$wattle" run --max-slowdown 100% --consent -- sh -c 'echo $$ >victim; while :; do :; done' 2>err &
pid=$!
until_true test -s victim
slowed() { [ "$(limits)" != "$before" ]; }
restored() { [ "$(limits)" = "$before" ]; }
if [ -d /sys/devices/system/cpu/cpufreq/policy0 ]; then
	until_true slowed
	is "slowed" 0 $?
fi
kill -KILL $pid
wait $pid 2>/dev/null
until_true restored
is "wattle killed: the limit is gone" 0 $?
is "and the command runs on" 0 "$(kill -0 "$(cat victim)"; echo $?)"
kill -KILL "$(cat victim)"
echo >$w/managed_cpus
run mode observe
done_testing
