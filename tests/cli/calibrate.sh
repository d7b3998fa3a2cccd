#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# calibrate: refused with a reason where it cannot be done; done on the virtual platform.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

fails 2 'window.*from 100ms' calibrate --window 99ms
fails 2 'window.*to 10m' calibrate --window 11m
fails 2 'window' calibrate --window 5
fails 2 'operand' calibrate table
fails 1 'no-such-directory' calibrate -o no-such-directory/t.power
fails 2 'one at a time' calibrate --load a --save b
fails 2 'do not measure' calibrate --load a --window 1s
fails 1 'no-such-file: No such file.*wattle calibrate' calibrate --load no-such-file
printf 'opp 1000 5\nopp 10x 5\n' >bad.power
fails 1 'bad.power:2:5: frequency in kHz must be a whole number' calibrate --load bad.power
printf 'idle C1 1 2 3 4\n' >bad.power
fails 1 'bad.power:1:15: something is left over' calibrate --load bad.power
printf 'shared 1\n\nshared 1\n' >bad.power
fails 1 'bad.power:3:1: said twice' calibrate --load bad.power
printf 'opp 1 # no power\n' >bad.power
fails 1 'bad.power:1:.*power in uW must be' calibrate --load bad.power

cpus=/sys/devices/system/cpu
if [ ! -d /sys/kernel/debug/wattle_platform ]; then
	if [ -d /sys/class/powercap/intel-rapl:0 ]; then
		skip "no source of joules" "there is one here"
	else
		fails 4 'no source of joules: .*' calibrate -o t.power
		is "nothing was written" no "$([ -e t.power ] && echo yes || echo no)"
	fi
	skip "the virtual platform" "it is in the guests only"
	done_testing
fi

# What calibration may touch, as text.
state() {
	cat $cpus/cpu*/cpufreq/scaling_{min,max}_freq $cpus/cpu*/cpuidle/state*/disable
}

# Not what is the default everywhere: what is put back must be what was there.
echo 1 >$cpus/cpu1/cpuidle/state1/disable
echo 2800000 >$cpus/cpu0/cpufreq/scaling_max_freq
before=$(state)

run mode enforce
fails 1 'mode enforce.*wattle mode observe' calibrate -o t.power
run mode observe
cp "$wattle" as-nobody
chmod 755 as-nobody
code=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" calibrate >out 2>err || code=$?
is "a user without rights is refused" True "$([ $code != 0 ] && echo True)"
is "nothing was touched so far" "$before" "$(state)"

# A whole run: the table is one that the simulator takes, and says what it is worth.
run -j calibrate --window 400ms -o t.power
is "calibrates" 0 "$code"
is "afterwards all is as before" "$before" "$(state)"
is "joules are said to be simulated" True "$(json out 'd["source"]["simulated"]')"
is "as many frequencies as the driver lists" "$(wc -w <$cpus/cpu0/cpufreq/scaling_available_frequencies)" "$(json out 'len(d["opps"])')"
is "states but the polling one" "$(grep -Lx POLL $cpus/cpu0/cpuidle/state*/name | wc -l)" "$(json out 'len(d["idle"])')"
is "power rises with frequency" True "$(json out '(lambda w: all(a <= b for a, b in zip(w, w[1:])) and w[-1] > 4 * w[0])([r["watts"] for r in d["opps"]])')"
is "deeper is not more" True "$(json out '(lambda w: all(a >= b for a, b in zip(w, w[1:])) and w[0] > 0)([r["watts"] for r in d["idle"]])')"
is "a sleeping package draws less than one awake" True "$(json out '0 < d["shared"]["idle_watts"] < 0.5 * d["shared"]["watts"]')"
# Each process's hidden activity is 0.6 to 1.6: a few hundred of them average out.
is "windows not fitted: mean error below 10 %" True "$(json out '0 < d["error"]["mean_percent"] < 10')"
if [ -x "$top/build/wattle-sim" ]; then
	"$top/build/wattle-sim" --trace "$top/tests/sim/traces/by-hand.csv" --power t.power >sim.out 2>&1 && code=0 || code=$?
	is "the simulator takes the table" "0 " "$code $(grep t.power: sim.out)"
else
	skip "the simulator takes the table" "build/wattle-sim is not built"
fi

# --- the table in the module's hands; no meter and no window is needed ---
file=/sys/class/misc/wattle/model
is "the table was loaded" "wattle calibrate simulated" "$(cat $file/name)"
is "as many operating points as in the file" "$(grep -c ^opp t.power)" "$(cat $file/opps)"
is "its error is stated" True "$(json out "abs($(cat $file/error_pm) - 10 * d['error']['worst_percent']) <= 1.1")"
run calibrate --save saved.power
is "saved" 0 "$code"
is "the same figures" "$(grep -v '^#' t.power | cut -f1,3-)" "$(grep -v '^#' saved.power | cut -f1,3- | sed 's/^\(idle\)\t.*idle[0-9]*/\1/')"
run calibrate --clear
is "forgotten" "unavailable" "$(cat $file/name)"
fails 1 'no power table to forget' calibrate --clear
fails 1 'no power table.*wattle calibrate' calibrate --save none.power
is "nothing was written" no "$([ -e none.power ] && echo yes || echo no)"
run calibrate --load t.power
is "loaded from the file" "t.power simulated" "$(cat $file/name)"
sed 's/^opp\t[0-9]*/opp\t99000/' t.power | sort -u >bad.power
fails 1 'bad.power: the module does not take the table: .*ascend' calibrate --load bad.power
printf 'opp 9900 1000\nidle C1 1 1 1\n' >other.power
fails 1 "another machine's" calibrate --load other.power
is "the good one is still there" "t.power simulated" "$(cat $file/name)"
code=0
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" calibrate --load "$work/t.power" >out 2>err || code=$?
is "a user without rights cannot load" 5 "$code"
begun() { [ "$(state)" != "$before" ]; }
over() { [ "$(state)" = "$before" ] && ! pgrep -x wattle >/dev/null; }

# Killed in the middle: the clocks are let go, and no load stays.
"$wattle" calibrate --window 5s >out 2>err &
pid=$!
until_true begun && until_true pgrep -P $pid -x wattle >/dev/null
is "it has begun" True "$([ "$(state)" != "$before" ] && echo True)"
kill -9 $pid
wait $pid 2>/dev/null
until_true over
is "after kill -9 all is as before" "$before" "$(state)"
is "after kill -9 no load is left" "" "$(pgrep -x wattle)"

# Interrupted: the same, and the signal's exit code.
"$wattle" calibrate --window 5s >out 2>err &
pid=$!
until_true begun
kill -TERM $pid
wait $pid && code=0 || code=$?
is "ended by a signal" 143 "$code"
is "after SIGTERM all is as before" "$before" "$(state)"

done_testing
