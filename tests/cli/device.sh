#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The command on a real /dev/wattle: runs in the guests, skips elsewhere.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

if [ ! -c /dev/wattle ]; then
	echo "1..0 # SKIP no /dev/wattle here (the guests have it)"
	exit 77
fi

# Mode.
for mode in enforce off observe; do
	run mode $mode
	like "mode $mode" "^$mode \(was [a-z]+\), took 0\.[0-9]+ s" "$out"
	run mode
	is "mode reads $mode back" "$mode" "$out"
	run status
	like "status says $mode" "^mode $mode " "$out"
	run -j status
	is "status -j says $mode" "device $mode" "$(json out 'd["backend"]') $(json out 'd["mode"]')"
done

run -j doctor
is "doctor: the device works" "0 ok ok" "$code $(json out 'd["checks"]["module"]["state"]') $(json out 'd["checks"]["device"]["state"]')"

# The same model through the device as inside the process, in every mode.
small_csv d.csv 300
args=(train d.csv --test 0.2 --epochs 8 --batch-rows 40 --epoch-deadline 30s)
run "${args[@]}" -o m.embedded --backend embedded
is "embedded for comparison" "0 " "$code $err"
cat /sys/devices/system/cpu/online >/sys/class/misc/wattle/managed_cpus
for mode in off observe enforce; do
	run mode $mode
	run -j "${args[@]}" -o m.$mode
	is "$mode: trains through the device" "0 device $mode" "$code $(json out 'd["backend"]["name"]') $(json out 'd["backend"]["mode"]')"
	is "$mode: the same model" "$(sha256sum <m.embedded)" "$(sha256sum <m.$mode)"
	is "$mode: every batch is accounted for" True "$(json out 'd["batches"]["accounts_hold"] and d["batches"]["completed"] + d["batches"]["aborted"] == d["batches"]["submitted"] and d["batches"]["completed"] >= 8 * 6')"
done
is "enforce: CPUs are managed" True "$(json out 'd["backend"]["cpus_managed"] > 0')"

# Joules: from the virtual platform if it is here, said to be simulated; else refused with a reason.
if [ -d /sys/kernel/debug/wattle_platform ]; then
	is "package joules are simulated" "True True" "$(json out 'd["energy"]["package"]["simulated"]') $(json out 'd["energy"]["package"]["joules"] > 0')"
	is "the queue's joules are within the package's" True "$(json out '0 < d["energy"]["queue"]["joules"] <= d["energy"]["package"]["joules"]')"
	# The counter advances each millisecond and is read a little apart from the referee: a
	# run of seconds is long against that.
	run -j train "$top/tests/data/digits.csv" -o m.digits --epochs 40
	is "wattle and the referee agree on the package within 2 %" True "$(json out 'abs(d["energy"]["package"]["joules"] / d["energy"]["referee"]["joules"] - 1) < 0.02')"
	run "${args[@]}" -o m.text
	like "the text says simulated" 'package [0-9.]+ J during the run simulated \(measured, ' "$out"
	like "the text says what the referee is" 'referee [0-9.]+ J simulated \(virtual platform.s own integration, not seen by wattle\)' "$out"
	run train d.csv -o m.re --epochs 1 --require-energy
	is "--require-energy is content" 0 "$code"
	cp "$wattle" as-nobody
	chmod 755 as-nobody
	chmod 666 /dev/wattle
	mkdir -m 777 nobody
	cd nobody || exit 1
	code=0
	setpriv --reuid=65534 --regid=65534 --clear-groups ../as-nobody -j train ../d.csv -o m \
		--epochs 1 >../out 2>../err || code=$?
	cd ..
	is "without permission to read the meter: trained, joules not available" "0 False True" \
		"$code $(json out 'd["energy"]["package"]["available"]') $(json out '"CAP_PERFMON" in d["energy"]["package"]["why"]')"
	chmod 600 /dev/wattle
else
	is "no source: package not available" False "$(json out 'd["energy"]["package"]["available"]')"
	fails 4 'joules are not available' train d.csv -o m.re --require-energy
fi

# Deadlines.
fails 6 'refused: .*--strict' train d.csv -o m.strict --epochs 3 --epoch-deadline 1ns --strict
run -j train d.csv -o m.miss --epochs 3 --batch-rows 100 --epoch-deadline 1ns
is "impossible deadlines are missed, not refused" "0 True" "$code $(json out 'd["deadlines"]["missed"] == d["batches"]["submitted"] > 0')"

# Not permitted: an error, never a silent fall-back.
cp "$wattle" as-nobody
chmod 755 as-nobody
code=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" status >out 2>err || code=$?
is "not permitted: exit 5" 5 "$code"
like "not permitted: message" '/dev/wattle.*(group|root)' "$(cat err)"
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" mode off >out 2>err && code=0 || code=$?
is "mode off as nobody: exit 5" 5 "$code"
like "mode off as nobody: message" 'Permission denied; run it as root' "$(cat err)"
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" -j doctor >out 2>err && code=0 || code=$?
is "doctor as nobody: broken" "1 broken" "$code $(json out 'd["checks"]["device"]["state"]')"

# Ctrl-C in the middle of work on the device: no file, and the module has nothing left.
small_csv big.csv 5000
before=$(files)
env --default-signal=INT "$wattle" train big.csv -o m.sig --epochs 100000000 >out 2>err &
pid=$!
until [ "$(find /proc/$pid/task -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt 1 ] ||
	! kill -0 $pid 2>/dev/null; do :; done
kill -INT $pid
code=0
wait $pid || code=$?
is "Ctrl-C: exit" 130 "$code"
is "Ctrl-C: nothing left" "$before" "$(files)"

# kill -9 in the middle, then the device works as before.
"$wattle" train big.csv -o m.kill --epochs 100000000 >out 2>err &
pid=$!
until [ "$(find /proc/$pid/task -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt 1 ] ||
	! kill -0 $pid 2>/dev/null; do :; done
kill -KILL $pid
wait $pid
is "kill -9: no model" "" "$(ls m.kill 2>/dev/null)"
run "${args[@]}" -o m.after
is "after kill -9 the device trains the same model" "$(sha256sum <m.embedded)" "$(sha256sum <m.after)"

# A mode switch under load loses nothing.
"$wattle" -j train big.csv -o m.switch --epochs 60 --batch-rows 250 >out 2>err &
pid=$!
switches=0
while kill -0 $pid 2>/dev/null; do
	for mode in off enforce observe; do
		"$wattle" mode $mode >/dev/null || switches=-1000
		switches=$((switches + 1))
	done
done
code=0
wait $pid || code=$?
is "switching modes under load: every batch is accounted for" "0 True" "$code $(json out 'd["batches"]["accounts_hold"] and d["batches"]["completed"] >= 60 * 20')"
is "modes were switched meanwhile" True "$([ $switches -gt 2 ] && echo True)"

done_testing
