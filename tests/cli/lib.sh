# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034  # out and err are for those who source it
#
# Sourced by the tests of the wattle command: TAP, and a directory of their own.
#
#   run ARGS...          runs wattle; leaves $code, $out and $err (files out, err too)
#   is WHAT WANT GOT     one test
#   like WHAT REGEX TEXT one test
#   fails CODE REGEX ARGS...   exit code and message, and that nothing was left behind
#   until_true COMMAND...      waits for a state, a minute at most; false if it does not come
#   needs_bpf            ends the test where BPF programs may not be loaded
#   done_testing         the plan

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wattle=${WATTLE:-$top/build/wattle}
work=$(mktemp -d "${TMPDIR:-/tmp}/wattle-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
n=0
failed=0

if [ ! -x "$wattle" ]; then
	echo "1..0 # SKIP $wattle is not built (make user)"
	exit 77
fi
cd "$work" || exit 1

ok() {
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok() {
	n=$((n + 1))
	failed=1
	echo "not ok $n - $1"
	shift
	printf '%s\n' "$@" | sed 's/^/# /'
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "got:    $3"; fi
}

like() {
	if [[ $3 =~ $2 ]]; then ok "$1"; else not_ok "$1" "wanted: $2" "got:    $3"; fi
}

run() {
	code=0
	"$wattle" "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
	out=$(cat "$work/out")
	err=$(cat "$work/err")
}

# The files there are, so that a test can say that none was added.
files() {
	find "$work" -type f ! -name out ! -name err | sort
}

fails() {
	local want=$1 regex=$2 before
	shift 2
	before=$(files)
	run "$@"
	local name="wattle $*"
	name=${name//$work\//}
	name=${name//$'\n'/ }
	if [ "$code" != "$want" ]; then
		not_ok "$name" "wanted exit $want, got $code" "stderr: $err"
	elif ! [[ $err =~ $regex ]]; then
		not_ok "$name" "wanted message: $regex" "got: $err"
	elif [ "$(files)" != "$before" ]; then
		not_ok "$name" "left behind: $(diff <(echo "$before") <(files) | grep '^>')"
	else
		ok "$name: $want"
	fi
}

# One Python for all questions: it takes a second to start in an emulated guest. Descriptors 8
# and 9, as those of a coprocess are not there in the subshells that json is called from.
coproc PYTHON {
	exec /usr/bin/python3 -uc 'import json, sys
for line in sys.stdin:
    name, expr = line.rstrip("\n").split("\x1f")
    try:
        with open(name, encoding="utf-8") as f:
            d = json.load(f)
        print(eval(expr))
    except Exception as e:
        print(f"{type(e).__name__}: {e}")
    print("\x04")'
}
exec 8>&"${PYTHON[1]}" 9<&"${PYTHON[0]}"

# json FILE EXPRESSION: Python on the document d, e.g. 'd["data"]["rows"]'.
json() {
	local line name=$1
	[ "${name#/}" != "$name" ] || name=$PWD/$name
	printf '%s\x1f%s\n' "$name" "$2" >&8
	while IFS= read -r -u 9 line && [ "$line" != $'\x04' ]; do
		printf '%s\n' "$line"
	done
}

# How often the state is looked at, not how long it takes: nobody tells a shell of it.
until_true() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# allowed CAPABILITY-BIT: in the effective and the bounding set, which containers cut down.
allowed() {
	local set
	for set in CapEff CapBnd; do
		[ $((0x$(sed -n "s/^$set:\t//p" /proc/self/status) >> $1 & 1)) = 1 ] || return 1
	done
}

# Ends the test, with a reason, where BPF programs may not be loaded.
needs_bpf() {
	if [ "$(id -u)" != 0 ]; then
		skip "the rest" "needs root to load BPF programs"
		done_testing
	fi
	if ! allowed 38 || ! allowed 39; then
		skip "the rest" "CAP_PERFMON and CAP_BPF are not to be had here"
		done_testing
	fi
}

# Two classes that a line separates, and some noise: a small stand-in for real data, made anew each time.
small_csv() {
	/usr/bin/python3 - "$1" "${2:-120}" <<'PY'
import random, sys
random.seed(7)
with open(sys.argv[1], "w") as f:
    f.write("height,width,kind\n")
    for i in range(int(sys.argv[2])):
        k = i % 2
        f.write(f"{random.gauss(2 * k, 1):.6f},{random.gauss(-k, 1):.6f},{'cat' if k else 'dog'}\n")
PY
}

done_testing() {
	echo "1..$n"
	exit "$failed"
}
