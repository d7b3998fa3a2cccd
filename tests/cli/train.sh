#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# train, eval and predict on good data: the report is true, text and JSON agree.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

small_csv d.csv 400
e=(--backend embedded)

run train d.csv -o m --test 0.25 --epochs 30 --workers 2 "${e[@]}"
text=$out
is "train succeeds" "0 " "$code $err"
is "the model is there" m "$(ls m)"
mv m m.text
run -j train d.csv -o m --test 0.25 --epochs 30 --workers 2 "${e[@]}"
is "train -j succeeds" "0 " "$code $err"
cp out train.json
is "text and JSON runs give the same model" "$(sha256sum <m.text)" "$(sha256sum <m)"

# Every value of the text that does not depend on the moment is JSON's, rounded.
like "data line" "data +d\.csv: $(json train.json 'd["data"]["rows"]') rows x $(json train.json 'd["data"]["features"]') features, 2 classes" "$text"
like "test line" "test +held out: $(json train.json 'd["test"]["rows"]') rows" "$text"
like "accuracy" "accuracy $(json train.json '"%.4f" % d["evaluation"]["accuracy"]') \($(json train.json 'd["evaluation"]["right"]') of $(json train.json 'd["evaluation"]["n"]')\)" "$text"
like "epochs" ", $(json train.json 'd["training"]["epochs"]') epochs in" "$text"
like "loss" "loss $(json train.json '"%.6g" % d["training"]["loss"]')," "$text"
like "step" "step $(json train.json '"%.3g" % d["training"]["alpha"]')" "$text"
like "batches" "$(json train.json '"%d submitted = %d completed [+] %d cancelled [+] %d refused [+] %d aborted" % tuple(d["batches"][k] for k in ("submitted", "completed", "cancelled", "refused", "aborted"))')" "$text"
for i in 0 1; do
	like "class row $i" "$(json train.json '"%s +%d  +%.4f +%.4f" % tuple(d["evaluation"]["per_class"]['$i'][k] for k in ("class", "rows", "recall", "precision"))')" "$text"
done

# The report's own arithmetic.
is "rows add up" 400 "$(json train.json 'd["data"]["rows"] + d["test"]["rows"]')"
is "held out by share" 100 "$(json train.json 'd["test"]["rows"]')"
is "every batch is accounted for" True "$(json train.json 'd["batches"]["accounts_hold"] and d["batches"]["submitted"] == d["batches"]["completed"] + d["batches"]["cancelled"] + d["batches"]["refused"] + d["batches"]["aborted"]')"
is "confusion sums to n" True "$(json train.json 'sum(map(sum, d["evaluation"]["confusion"])) == d["evaluation"]["n"]')"
is "accuracy is the diagonal" True "$(json train.json 'abs(sum(d["evaluation"]["confusion"][i][i] for i in (0, 1)) / d["evaluation"]["n"] - d["evaluation"]["accuracy"]) < 1e-12')"
is "it has learned" True "$(json train.json 'd["evaluation"]["accuracy"] > 0.85')"
is "backend says which and why" "embedded True" "$(json train.json 'd["backend"]["name"]') $(json train.json 'len(d["backend"]["reason"]) > 10')"
is "the queue's joules are given or refused with a reason" True "$(json train.json 'd["energy"]["queue"]["available"] or len(d["energy"]["queue"]["why"]) > 20')"
is "the package's joules have a quality or a reason" True "$(json train.json '(d["energy"]["package"]["available"] and d["energy"]["package"]["quality"] != "") or len(d["energy"]["package"]["why"]) > 20')"
is "CPU time was spent" True "$(json train.json 'd["cpu"]["seconds"] > 0')"

# Options that must not, and options that must, change the result.
for w in 1 3; do
	run train d.csv -o m.$w --test 0.25 --epochs 30 --workers $w "${e[@]}"
	is "$w workers give the same model" "$(sha256sum <m)" "$(sha256sum <m.$w)"
done
run train d.csv -o m.seed --test 0.25 --epochs 30 --seed 2 "${e[@]}"
is "another seed holds out other rows" different "$(cmp -s m m.seed || echo different)"
run -j train d.csv -o m.sq --loss squared --momentum --l2 0.01 --epochs 20 --tol 0 --no-standardise "${e[@]}"
is "squared loss" "0 squared True" "$code $(json out 'd["training"]["loss_function"]') $(json out 'd["training"]["loss"] > 0')"
is "nothing held out: the test says so" "False" "$(json out 'd["evaluation"]["test"]["available"]')"
run -j train d.csv -o m.tol --epochs 5000 --tol 0.05 "${e[@]}"
is "--tol ends early" True "$(json out '0 < d["training"]["epochs"] < 5000')"
run -j train d.csv -o m.few --epochs 7 "${e[@]}"
is "--epochs is exact" 7 "$(json out 'd["training"]["epochs"]')"
run -j train d.csv -o m.rows --epochs 4 --batch-rows 100 --alpha 0.1 "${e[@]}"
is "a batch is a block of an epoch, or of the look at the end: 5 times 4" 20 "$(json out 'd["batches"]["completed"]')"

# Principal components: by number and by share, the same for any workers, and inside the model.
run -j train d.csv -o m.pca --test 0.25 --epochs 30 --pca 1 --workers 1 "${e[@]}"
is "--pca N" "0 1 True" "$code $(json out 'd["pca"]["components"]') $(json out '0 < d["pca"]["variance_kept"] <= 1')"
run train d.csv -o m.pca3 --test 0.25 --epochs 30 --pca 1 --workers 3 "${e[@]}"
is "components do not depend on the workers" "$(sha256sum <m.pca)" "$(sha256sum <m.pca3)"
run -j train d.csv -o m.share --epochs 30 --pca 1.0 "${e[@]}"
is "--pca SHARE: all of it takes every component" True "$(json out 'd["pca"]["components"] == d["pca"]["features"] and d["pca"]["variance_kept"] > 0.999999')"
run -j eval m.pca d.csv
is "eval takes the features, not the components" "0 True" "$code $(json out 'd["model"]["components"] == 1 and d["evaluation"]["accuracy"] > 0.5')"
fails 3 'components are too many' train d.csv -o m.many --pca 300 "${e[@]}"
fails 2 "pca 'x'" train d.csv -o m.many --pca x "${e[@]}"
fails 2 "pca '0.0'" train d.csv -o m.many --pca 0.0 "${e[@]}"

# Deadlines.
run -j train d.csv -o m.due --epochs 5 --deadline 1h --epoch-deadline 10s "${e[@]}"
is "met deadlines" "0 True 0 0" "$code $(json out 'd["due"]["met"]') $(json out 'd["batches"]["refused"]') $(json out 'd["deadlines"]["missed"]')"
run -j train d.csv -o m.miss --epochs 5 --epoch-deadline 1ns "${e[@]}"
is "impossible deadlines: done all the same, and counted" "0 True" "$code $(json out 'd["deadlines"]["missed"] == d["batches"]["submitted"] > 0')"
fails 6 'refused: .*--strict' train d.csv -o m.strict --epochs 5 --epoch-deadline 1ns --strict "${e[@]}"

# eval agrees with train, predict with eval.
run train d.csv -o m.all --epochs 30 "${e[@]}"
run -j eval m.all d.csv
cp out eval.json
is "eval" "0 " "$code $err"
run eval m.all d.csv
like "eval in text has the same accuracy" "accuracy $(json eval.json '"%.4f" % d["evaluation"]["accuracy"]')" "$out"
like "eval in text has the confusion matrix" 'truth . predicted' "$out"
run predict m.all d.csv --label kind
is "predict: one line per row and a heading" 401 "$(wc -l <out)"
is "predict agrees with eval" "$(json eval.json 'd["evaluation"]["right"]')" \
	"$(paste -d, <(tail -n +2 d.csv | cut -d, -f3) <(tail -n +2 out) | awk -F, '$1 == $2' | wc -l)"
cp out p.txt
run predict m.all d.csv --label kind -o p.csv
is "predict -o writes the same" "$(cat p.txt)" "$(cat p.csv)"
like "predict -o says so" "400 rows predicted, written to p\.csv" "$out"
run -j predict m.all d.csv --label kind --prob
cp out p.json
is "predict -j has the same classes" "$(tail -n +2 p.txt)" "$(json p.json '"\n".join(p["class"] for p in d["predictions"])')"
is "probabilities sum to one and agree with the class" True "$(json p.json 'all(abs(p["p(cat)"] + p["p(dog)"] - 1) < 1e-5 and (p["p(cat)"] > p["p(dog)"]) == (p["class"] == "cat") for p in d["predictions"])')"
cut -d, -f1,2 d.csv >bare.csv
run predict m.all bare.csv
is "predict without a label column" "$(cat p.txt)" "$out"

# A class order of its own in the data to be judged changes nothing.
{ head -1 d.csv; tail -n +2 d.csv | grep dog; } >dogs.csv
run -j eval m.all dogs.csv
is "classes are matched by name" "$(json eval.json 'd["evaluation"]["per_class"][1]["recall"]')" "$(json out 'd["evaluation"]["accuracy"]')"

# Separate test data.
run -j train d.csv -o m.sep --epochs 30 --test-data dogs.csv "${e[@]}"
is "--test-data" "0 dogs.csv 200" "$code $(json out 'd["test"]["path"]') $(json out 'd["evaluation"]["n"]')"

# What --label means for the test data goes by what the files hold, not by what they are called.
awk -F, '{ print $3 "," $1 "," $2 }' d.csv >kind-first
run -j train kind-first --label kind -o m.first --epochs 30 --test-data kind-first "${e[@]}"
is "--label names the column of --test-data, too, without .csv in its name" "0 400" \
	"$code $(json out 'd["evaluation"]["n"]')"
/usr/bin/python3 - <<'PY'
import struct
def npy(name, descr, shape, raw):
    h = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117)
    open(name, "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(h) + 1) + h + b"\n" + raw)
def idx(name, rows):
    open(name + "-images-idx3-ubyte", "wb").write(
        struct.pack(">IIII", 0x803, rows, 1, 2) + bytes(range(2 * rows)))
    open(name + "-labels-idx1-ubyte", "wb").write(
        struct.pack(">II", 0x801, rows) + bytes(i % 2 for i in range(rows)))
npy("x.csv.npy", "<f4", "(4, 2)", struct.pack("<8f", *range(8)))
npy("y.npy", "<i4", "(4,)", struct.pack("<4i", 0, 1, 0, 1))
idx("few.csv", 6)
PY
printf '0,1,0\n6,7,1\n' >held.csv
run -j train x.csv.npy --label y.npy -o m.npy --epochs 3 --test-data held.csv --no-header "${e[@]}"
is "a label file of .npy is not asked of test data in CSV" "0 2" "$code $(json out 'd["evaluation"]["n"]')"
run -j train held.csv --no-header --label 3 -o m.idx --epochs 3 \
	--test-data few.csv-images-idx3-ubyte "${e[@]}"
is "a label column of CSV is not asked of test data in IDX" "0 6" "$code $(json out 'd["evaluation"]["n"]')"

# Names that need care.
printf 'a,b,"label, of"\n1,2,"x, ""y"""\n3,4,"b\tc"\n2,1,"x, ""y"""\n4,3,"b\tc"\n' >"odd ñame.csv"
run -j train "odd ñame.csv" -o m.odd --epochs 3 "${e[@]}"
is "odd names train" "0 odd ñame.csv" "$code $(json out 'd["data"]["path"]')"
run predict m.odd "odd ñame.csv" --label "label, of"
like "odd class names are quoted in CSV" '"x, ""y"""' "$out"
bad=$'bad\xff.csv'
cp d.csv "$bad" 2>/dev/null && run -j train "$bad" -o m.bad --epochs 1 "${e[@]}" &&
	is "a file name that is not UTF-8 still gives JSON" "0 1" "$code $(json out 'd["schema"]')"

# Somebody else's names on somebody's terminal: nothing of them that it would obey.
esc=$'\e]0;x\a\302\2332J'
printf '1,2,a%s\n2,1,b\n1,3,a%s\n4,1,b\n' "$esc" "$esc" >esc.csv
cp esc.csv "e$esc.csv"
run train "e$esc.csv" -o m.esc --epochs 3 --no-header --test-data esc.csv "${e[@]}"
cat out err >all
run eval m.esc esc.csv
cat out err >>all
run predict m.esc esc.csv --label 3
like "predict shows a visible form" 'a\?\]0;x\?\?2J' "$out"
cat out err >>all
run predict m.esc "e$esc.csv"
run -j predict m.esc esc.csv --label 3
cat out err >>all
run train "no$esc" -o m.esc
cat out err >>all
run $'\e[2J'
cat out err >>all
is "names from files reach the terminal without control characters" 0 \
	"$(LC_ALL=C grep -acP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' all)"
run predict m.esc esc.csv --label 3 -o esc.out
is "predict -o has them as they are" True "$(grep -qF "a$esc" esc.out && echo True)"

# Signals: no model, no temporary file, exit 128 + number.
small_csv big.csv 20000
# Before exec the process is still the shell, which catches signals of its own.
caught() {
	local mask
	[ "/proc/$1/exe" -ef "$wattle" ] || return 1
	mask=$(sed -n 's/^SigCgt:\t//p' "/proc/$1/status" 2>/dev/null)
	[ -n "$mask" ] && ((0x$mask >> ($2 - 1) & 1))
}
for sig in INT TERM HUP; do
	before=$(files)
	num=$(kill -l $sig)
	env --default-signal=INT,TERM,HUP "$wattle" train big.csv -o m.sig --epochs 100000000 \
		"${e[@]}" >out 2>err &
	pid=$!
	# Before it catches them a signal ends it in the ordinary way, with nothing made yet.
	until caught $pid "$num" || ! kill -0 $pid 2>/dev/null; do :; done
	kill -s $sig $pid
	code=0
	wait $pid || code=$?
	is "SIG$sig ends it" $((128 + num)) "$code"
	like "SIG$sig: message" "m\.sig was not written" "$(cat err)"
	is "SIG$sig leaves nothing" "$before" "$(files)"
done
"$wattle" train big.csv -o m.hup --epochs 100000000 "${e[@]}" >out 2>err &
pid=$!
until caught $pid 15 || ! kill -0 $pid 2>/dev/null; do :; done
is "an ignored SIGINT (a shell's background job) stays ignored" no "$(caught $pid 2 && echo yes || echo no)"
kill -TERM $pid
wait $pid

# Progress, on a terminal, for work over a second; the line is wiped at the end.
progress=$(env --default-signal=INT /usr/bin/python3 - "$wattle" <<'PY'
import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["wattle", "train", "big.csv", "-o", "m.tty", "--epochs", "100000000",
                           "--backend", "embedded"])
seen, asked = b"", False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b" of 100000000, loss " in seen and not asked:
        asked = True
        os.kill(pid, signal.SIGINT)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(code, b"\repoch " in seen.replace(b"\033[K", b""), seen.rstrip().endswith(b"was not written"))
PY
)
is "progress on a terminal, wiped before the last word" "130 True True" "$progress"
# Progress belongs to a terminal only.
is "no progress when stderr is a file" 0 "$(LC_ALL=C grep -ac $'\r' err)"

done_testing
