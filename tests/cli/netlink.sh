#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# wattle queue, advise and monitor: without the module here, with it in the guests.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

# What is wrong with the command line is said before anything is looked for.
fails 2 "queue '3': must be CLIENT:QUEUE as 'wattle queue list' prints it" queue show 3
for id in 0:1 1:0 -1:1 1:-1 1:1:1 1:x :1 1: 99999999999999999999:1 1:4294967296; do
	fails 2 "queue '$id': must be CLIENT:QUEUE" queue show -- "$id"
done
fails 2 "CLIENT:QUEUE missing" queue show
fails 2 "too many operands" queue list 1:1
fails 2 "'fly': must be one of list, show, set" queue fly
fails 2 "nothing to set: give --weight" queue set 1:1
fails 2 "--weight '0': must be a whole number from 1 to 10000" queue set 1:1 --weight 0
fails 2 "--max-slowdown 'x': must be a number from 0 to 1000" queue set 1:1 --max-slowdown x%
fails 2 "--max-slowdown '': must be a number" queue set 1:1 --max-slowdown %
fails 2 "--max-delay '5': must be a duration" queue set 1:1 --max-delay 5
fails 2 "--max-inflight '0': must be a whole number from 1" queue set 1:1 --max-inflight 0
fails 2 "option '--weight' needs a value" queue set 1:1 --weight
fails 2 "unknown option '--fast'" queue --fast
fails 2 "--client '0': must be a whole number from 1" queue list --client 0
fails 2 "too many operands" advise 1:1
fails 2 "group 'fly': must be one of mode, queue" monitor fly
fails 2 "--count '0': must be a whole number from 1" monitor --count 0

if [ ! -d /sys/module/wattle ]; then
	for args in "queue" "queue show 1:1" "queue set 1:1 --weight 5" advise monitor; do
		# shellcheck disable=SC2086 # words
		fails 5 "the module is not loaded; load it with 'modprobe wattle'" $args
		# shellcheck disable=SC2086
		run -j $args
		is "-j $args without the module" "5 5 True" "$code $(json out 'd["exit"]') $(json out '"not loaded" in d["error"]["message"]')"
	done
	done_testing
fi
if [ ! -c /dev/wattle ] || [ "$(id -u)" != 0 ]; then
	skip "the rest" "the module is loaded, but this is not root with /dev/wattle"
	done_testing
fi

# wait_for FILE REGEX: until a line of it matches, 60 s at most; what is written to it is what we wait on.
wait_for() {
	local until=$((SECONDS + 60))
	until grep -qE "$2" "$1" 2>/dev/null; do
		[ $SECONDS -lt $until ] || return 1
		read -r -t 0.05 <> <(:)
	done
}

run queue
is "no queue: the table is empty" "0 1" "$code $(wc -l <out)"
run -j queue list
is "no queue: an empty list" "[]" "$(json out 'd["queues"]')"
fails 1 "cannot read the queue: there is no such client; 'wattle queue list' lists them" queue show 999999:1
fails 1 "cannot change the queue: there is no such client" queue set 999999:1 --weight 5

fails 5 "mode is observe and nothing has been advised: 'wattle mode advise'" advise
run mode advise
is "mode advise: exit" 0 "$code"
fails 5 "nothing has run yet on managed CPUs whose clock wattle can steer" advise
run -j advise
is "-j advise of nothing" "5 5" "$code $(json out 'd["exit"]')"
run mode observe

# A program that has a queue.
small_csv big.csv 5000
"$wattle" train big.csv -o m.big --epochs 100000000 >train.out 2>&1 &
pid=$!
until run -j queue && [ "$(json out 'len(d["queues"])')" != 0 ]; do
	kill -0 $pid 2>/dev/null || break
done
id=$(json out 'd["queues"][0]["queue"]')
is "list: the program's queue" "$pid 0 batch" "$(json out 'd["queues"][0]["pid"]') $(json out 'd["queues"][0]["uid"]') $(json out 'd["queues"][0]["class"]')"
run queue list
like "list: text" "queue +name +uid +pid" "$out"
like "list: a line for it" "$id .* $pid +batch" "$out"
run queue list --client "${id%:*}"
is "list --client: its queue" 2 "$(wc -l <out)"
run queue list --client 999999
is "list --client: of nobody" "0 1" "$code $(wc -l <out)"
run queue show "$id"
like "show: whose" "queue +$id '.*' of uid 0, opened by process $pid" "$out"
like "show: parameters" "class batch, weight 100, slowdown up to [0-9.]+ %" "$out"
like "show: batches" "batches +[0-9]+ submitted, [0-9]+ completed" "$out"
run -j queue show "$id"
is "show -j: accounts hold" True "$(json out 'd["batches"]["submitted"] == sum(d["batches"][k] for k in ("completed", "queued", "running", "cancelled", "refused", "aborted"))')"
if [ -d /sys/kernel/debug/wattle_platform ]; then
	is "show -j: joules with their quality" "True cputime" "$(json out 'd["energy"]["joules"] >= 0') $(json out 'd["energy"]["quality"]')"
fi

"$wattle" -j monitor queue >mon.out 2>mon.err &
mon=$!
wait_for mon.out '"event": "now"'
run queue set "$id" --weight 250 --max-slowdown 7.5% --max-delay 3ms --max-inflight 40
is "set" "0 queue $id changed" "$code $out"
run -j queue show "$id"
is "set: it is so" "250 7.5 3.0 40" "$(json out '" ".join(str(d["queue"]["params"][k]) for k in ("weight", "max_slowdown_percent", "max_delay_ms", "max_inflight"))')"
wait_for mon.out '"event": "queue"'
kill $mon
wait $mon
code=$?
is "monitor: ended by a signal" True "$([ $code -gt 128 ] && echo True)"
grep '"event": "queue"' mon.out >one.json
is "monitor -j: the change, one document a line" "250 $pid 1" "$(json one.json 'd["params"]["weight"]') $(json one.json 'd["pid"]') $(wc -l <one.json)"
fails 2 "more than the module allows a queue" queue set "$id" --max-inflight 4000000000

# Not permitted.
cp "$wattle" as-nobody
chmod 755 as-nobody
for args in queue "queue show $id" monitor; do
	# shellcheck disable=SC2086
	setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" $args >out 2>err && code=0 || code=$?
	is "$args as nobody: exit 5" 5 "$code"
	like "$args as nobody: message" 'not permitted to .*CAP_NET_ADMIN; run it as root' "$(cat err)"
done
setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" queue set "$id" --weight 7 >out 2>err && code=0 || code=$?
is "queue set as nobody: exit 5" 5 "$code"
like "queue set as nobody: message" 'no such queue of yours; those of others take CAP_SYS_ADMIN' "$(cat err)"
kill -KILL $pid
wait $pid
run queue show "$id"
is "the queue goes with its program" 1 "$code"

# Modes, as text, and the end of the module.
run mode observe
"$wattle" monitor --count 2 mode >mon.out 2>mon.err &
mon=$!
wait_for mon.out 'now mode observe'
run mode off
run mode observe
wait $mon
is "monitor --count 2: exit" 0 $?
like "monitor: how it stands" '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} now mode observe, 0 clients' "$(sed -n 1p mon.out)"
like "monitor: to off" '^[0-9:.]+ mode observe -> off$' "$(sed -n 2p mon.out)"
like "monitor: and back" '^[0-9:.]+ mode off -> observe$' "$(sed -n 3p mon.out)"

"$wattle" -j monitor >mon.out 2>mon.err &
mon=$!
wait_for mon.out '"event": "now"'
if rmmod wattle 2>rmmod.err; then
	wait $mon
	is "monitor: the module goes: exit 5" 5 $?
	like "monitor: the module goes" 'the module was unloaded' "$(cat mon.err)"
	tail -n 1 mon.out >last.json
	is "monitor -j: the last line is the result" 5 "$(json last.json 'd["exit"]')"
else
	not_ok "the module goes under a monitor" "$(cat rmmod.err)"
	kill $mon
fi

done_testing
