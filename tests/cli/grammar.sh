#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# The command line: verbs, options, values, exit codes.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

# Verbs.
run
status=$out
is "no argument is a success" 0 "$code"
run status
is "no argument means status" "$status" "$out"
run help
is "help succeeds" 0 "$code"
for verb in status doctor mode calibrate train eval predict help version; do
	like "help lists $verb" "(^|"$'\n'")  $verb +[a-z]" "$out"
done
for verb in status doctor mode calibrate train eval predict help version; do
	run help "$verb"
	like "help $verb begins with the usage" "^wattle $verb" "$out"
done
run --help
like "--help is help" "Machine learning" "$out"
run version
like "version" '^wattle [0-9]+\.[0-9]+\.[0-9]+, device ABI 1\.[0-9]+$' "$out"
run --version
like "--version is version" '^wattle [0-9]' "$out"
fails 2 "wattle fly: there is no such verb; 'wattle help' lists the verbs" fly
fails 2 "wattle wattle: there is no such option" --fly
fails 2 "there is no verb 'fly'" help fly
fails 2 "too many operands" help train eval
fails 2 "too many operands" status now
fails 2 "unknown option '--fast'" status --fast
fails 2 "unknown option '-x'" status -x

# Options of train: each bad value has its own message, and nothing is made.
small_csv d.csv
t=(train d.csv -o m)
fails 2 "DATA missing" train
fails 2 "-o MODEL missing" train d.csv
fails 2 "output file's name is empty" train d.csv -o ""
fails 2 "option '-o' needs a value" train d.csv -o
fails 2 "option '--l2' needs a value" "${t[@]}" --l2
fails 2 "option '--momentum=1' takes no value" "${t[@]}" --momentum=1
fails 2 "unknown option '--epoch=s'|unknown option '--fast'" "${t[@]}" --fast
fails 2 "too many operands \(wanted DATA\)" train d.csv e.csv -o m
fails 2 "--loss 'hinge': must be one of log, squared" "${t[@]}" --loss hinge
fails 2 "--l2 '-1': must be a number from 0" "${t[@]}" --l2 -1
fails 2 "--l2 'nan': must be a number" "${t[@]}" --l2 nan
fails 2 "--l2 '1x': must be a number" "${t[@]}" --l2 1x
fails 2 "--l2 '': must be a number" "${t[@]}" --l2 ""
fails 2 "--alpha '-1': must be a number from 0" "${t[@]}" --alpha -1
fails 2 "--alpha 'inf': must be a number" "${t[@]}" --alpha inf
fails 2 "--epochs '0': must be a whole number from 1" "${t[@]}" --epochs 0
fails 2 "--epochs '-1': must be a whole number" "${t[@]}" --epochs -1
fails 2 "--epochs '1.5': must be a whole number" "${t[@]}" --epochs 1.5
fails 2 "--epochs '99999999999999999999': must be" "${t[@]}" --epochs 99999999999999999999
fails 2 "--tol '2': must be a number from 0 to 1" "${t[@]}" --tol 2
fails 2 "--test '1': must be above 0 and below 1" "${t[@]}" --test 1
fails 2 "--test '0': must be above 0" "${t[@]}" --test 0
fails 2 "--test '1.2': must be a number from 0 to 1" "${t[@]}" --test 1.2
fails 2 "exclude each other" "${t[@]}" --test 0.5 --test-data d.csv
fails 2 "--test-label without --test-data" "${t[@]}" --test-label d.csv
fails 2 "--seed '-3'" "${t[@]}" --seed -3
fails 2 "--workers '0': must be a whole number from 1 to 1024" "${t[@]}" --workers 0
fails 2 "--workers '2000'" "${t[@]}" --workers 2000
fails 2 "--class 'urgent': must be one of latency, batch, background" "${t[@]}" --class urgent
fails 2 "--backend 'gpu': must be one of auto, device, embedded" "${t[@]}" --backend gpu
fails 2 "--batch-rows '0'" "${t[@]}" --batch-rows 0
for bad in 0s -5s 90 s 5d "" 25:00 07:60 7:5x 1e999s; do
	fails 2 "--deadline '$bad': must be a time from now that is not already past" \
		"${t[@]}" --deadline "$bad"
done
for bad in 0ms -1ms 200 07:00 ""; do
	fails 2 "--epoch-deadline '$bad': must be a duration above 0" \
		"${t[@]}" --epoch-deadline "$bad"
done
fails 2 "--strict without --deadline" "${t[@]}" --strict
fails 2 "MODEL DATA missing" eval
fails 2 "MODEL DATA missing" predict m
fails 2 "too many operands" eval m d.csv e.csv
fails 2 "mode 'faster': must be one of off, observe, advise, enforce" mode faster

# JSON: -j anywhere, errors too, and the exit code inside is the real one.
for order in "-j train d.csv" "train -j d.csv" "train d.csv --json"; do
	# shellcheck disable=SC2086
	run $order
	is "$order: exit" 2 "$code"
	is "$order: exit in JSON" 2 "$(json out 'd["exit"]')"
	is "$order: schema" 1 "$(json out 'd["schema"]')"
	like "$order: message" "-o MODEL missing" "$(json out 'd["error"]["message"]')"
	like "$order: message on stderr too" "-o MODEL missing" "$err"
done
run -j fly
is "unknown verb in JSON" 2 "$(json out 'd["error"]["exit"]')"
run -j help
is "help in JSON has the groups" "Machine learning" "$(json out 'd["train"]["group"]')"
run -j version
is "version in JSON" 1 "$(json out 'd["abi_major"]')"
run predict -- -j d.csv
like "after -- an operand may begin with a dash" "-j" "$err"

# Output that cannot be written is a failure.
code=0
"$wattle" help >/dev/full 2>err || code=$?
is "full disk: exit" 1 "$code"
like "full disk: message" "cannot write the output: No space left on device" "$(cat err)"

done_testing
