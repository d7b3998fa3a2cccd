#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# Bad data and bad models: what was wrong, where, exit 3, and nothing left behind.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

py() {
	/usr/bin/python3 -c "import struct, gzip, sys; $1"
}

t() {
	local regex=$1
	shift
	fails 3 "$regex" train "$@" -o m
}

# Files that are not there, not readable, empty, not data.
t 'nowhere\.csv.*No such file' nowhere.csv
mkdir dir.csv
t 'dir\.csv.*[Dd]irectory' dir.csv
: >empty.csv
t 'empty\.csv.*empty' empty.csv
printf 'a,b,label\n' >head.csv
t 'head\.csv.*no row of data' head.csv
printf '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0' >data.xls
t 'data\.xls' data.xls
small_csv secret.csv
chmod 000 secret.csv
if [ "$(id -u)" = 0 ]; then
	cp "$wattle" as-nobody
	chmod 755 as-nobody
	mkdir -m 777 nobody
	code=0
	( cd nobody && setpriv --reuid=65534 --regid=65534 --clear-groups "$work/as-nobody" \
		train "$work/secret.csv" -o m --backend embedded ) >out 2>err || code=$?
	rm -f as-nobody
	is "unreadable file: exit" 3 "$code"
	like "unreadable file: message" 'secret\.csv.*Permission denied' "$(cat err)"
	is "unreadable file: nothing made" "" "$(ls nobody)"
else
	t 'secret\.csv.*Permission denied' secret.csv
fi

# CSV: file:line:column, the column as an editor counts it.
printf 'a,b,label\n1,2,x\n3,oops,y\n5,6,x\n' >cell.csv
t "cell\.csv:3:3: 'oops' in column 2 \('b'\) is not a number" cell.csv
printf 'a,b,label\n1,2,x\n3,4\n5,6,x\n' >ragged.csv
t 'ragged\.csv:3:.*expected 3 fields, found 2' ragged.csv
printf 'a,b,label\n1,2,x\n3,4,y,5\n' >wide.csv
t 'wide\.csv:3:.*expected 3 fields, found 4' wide.csv
printf 'a,b,label\n1,2,x\nnan,4,y\n' >nan.csv
t 'nan\.csv:3:1: .* is not finite' nan.csv
printf 'a,b,label\n1,2,x\n3,inf,y\n' >inf.csv
t 'inf\.csv:3:3: .* is not finite' inf.csv
printf 'a,b,label\n1,2,x\n3,1e999,y\n' >huge.csv
t 'huge\.csv:3:3: .*1e999' huge.csv
printf 'a,b,label\n1,,x\n3,4,y\n' >hole.csv
t 'hole\.csv:2:3: .*no value' hole.csv
printf 'a,b,label\n1,"2,x\n3,4,y\n' >quote.csv
t 'quote\.csv:2' quote.csv
printf 'a,b,label\n1,2,x\n3,4,x\n' >single.csv
t "single\.csv.*'x'" single.csv
printf 'a,b,label\n1,2,x\n3,4,y\n' >good.csv
t "good\.csv: no label column 'nope'; the columns are 'a', 'b', 'label'" good.csv --label nope
t "(column|label).*'?9" good.csv --label 9
printf 'a,b,label\n1,2,x\n3,4,y\n5,6,y\n' >one.csv
t "'?x'?.*(single|one|1) (row|sample)|(single|one|1) (row|sample).*'?x" one.csv --test 0.5
printf 'a,b,label\n1,2,\n3,4,y\n' >nolabel.csv
t 'nolabel\.csv:2:5: .*missing' nolabel.csv

# Test data that do not go with the training data.
small_csv train.csv
printf 'height,width,kind\n1,2,cow\n' >cow.csv
t "cow\.csv: sample 1 .*class '?cow" train.csv --test-data cow.csv
printf 'height,kind\n1,cat\n2,dog\n' >narrow.csv
t 'narrow\.csv: 1 features, but the training data has 2' train.csv --test-data narrow.csv
t 'nowhere.*No such file' train.csv --test-data nowhere.csv

# IDX.
py "open('ok-images-idx3-ubyte','wb').write(struct.pack('>IIII',0x803,4,2,2)+bytes(range(16)))
open('ok-labels-idx1-ubyte','wb').write(struct.pack('>II',0x801,4)+bytes([0,1,0,1]))"
run train ok-images-idx3-ubyte -o idx.model --epochs 2 --backend embedded
is "a good IDX pair trains" "0 " "$code $err"
rm -f idx.model
head -c 20 ok-images-idx3-ubyte >cut-images-idx3-ubyte
cp ok-labels-idx1-ubyte cut-labels-idx1-ubyte
t 'cut-images-idx3-ubyte.*(cut short|truncated|ends)' cut-images-idx3-ubyte
head -c 9 ok-images-idx3-ubyte >stub-images-idx3-ubyte
t 'stub-images-idx3-ubyte.*(cut short|truncated|ends)' stub-images-idx3-ubyte --label ok-labels-idx1-ubyte
py "open('magic-images-idx3-ubyte','wb').write(struct.pack('>IIII',0x12345678,4,2,2)+bytes(16))"
t 'magic-images-idx3-ubyte' magic-images-idx3-ubyte --label ok-labels-idx1-ubyte
py "open('long-images-idx3-ubyte','wb').write(struct.pack('>IIII',0x803,4,2,2)+bytes(17))"
t 'long-images-idx3-ubyte' long-images-idx3-ubyte --label ok-labels-idx1-ubyte
py "open('vast-images-idx3-ubyte','wb').write(struct.pack('>IIII',0x803,0xffffffff,0xffffffff,0xffffffff)+bytes(16))"
t 'vast-images-idx3-ubyte' vast-images-idx3-ubyte --label ok-labels-idx1-ubyte
py "open('few-labels-idx1-ubyte','wb').write(struct.pack('>II',0x801,3)+bytes([0,1,0]))"
t '(3.*4|4.*3)' ok-images-idx3-ubyte --label few-labels-idx1-ubyte
t 'lonely|No such file' lonely-images-idx3-ubyte
py "d=gzip.compress(open('ok-images-idx3-ubyte','rb').read()); open('gz-images-idx3-ubyte.gz','wb').write(d[:-9])"
t 'gz-images-idx3-ubyte\.gz' gz-images-idx3-ubyte.gz --label ok-labels-idx1-ubyte
py "open('junk-images-idx3-ubyte.gz','wb').write(b'\x1f\x8b'+b'x'*30)"
t 'junk-images-idx3-ubyte\.gz' junk-images-idx3-ubyte.gz --label ok-labels-idx1-ubyte

# npy.
npy() {
	py "h=b\"$2\".ljust(117)+b'\n'; open('$1','wb').write(b'\x93NUMPY\x01\x00'+struct.pack('<H',len(h))+h+$3)"
}
npy x.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }" "struct.pack('<8f',*range(8))"
npy y.npy "{'descr': '<i4', 'fortran_order': False, 'shape': (4,), }" "struct.pack('<4i',0,1,0,1)"
run train x.npy --label y.npy -o npy.model --epochs 2 --backend embedded
is "a good npy pair trains" "0 " "$code $err"
rm -f npy.model
t 'x\.npy.*label' x.npy
npy f.npy "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 2), }" "struct.pack('<8f',*range(8))"
t 'f\.npy.*[Ff]ortran' f.npy --label y.npy
npy nan.npy "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }" "struct.pack('<8f',0,1,2,float('nan'),4,5,6,7)"
t 'nan\.npy.*(row|sample) 2' nan.npy --label y.npy
head -c 140 x.npy >short.npy
t 'short\.npy' short.npy --label y.npy
npy o.npy "{'descr': '|O', 'fortran_order': False, 'shape': (4, 2), }" "bytes(64)"
t 'o\.npy' o.npy --label y.npy

# Models.
run train train.csv -o good.model --epochs 5 --backend embedded
is "a model to spoil" 0 "$code"
size=$(stat -c %s good.model)
bad=0
for cut in 0 1 7 8 9 40 $((size / 2)) $((size - 1)); do
	head -c "$cut" good.model >cut.model
	run eval cut.model train.csv
	if [ "$code" != 3 ] || [[ ! $err =~ cut\.model ]]; then
		bad=1
		echo "# $cut bytes: $code $err"
	fi
done
is "a model cut short anywhere is refused by name" 0 "$bad"
fails 3 'nowhere\.model' eval nowhere.model train.csv
fails 3 'train\.csv' eval train.csv train.csv
sed 's#wattle\.model/1#wattle.model/9#' good.model >schema.model
fails 3 'schema\.model.*schema' eval schema.model train.csv
printf 'height,width,depth\n1,2,3\n' >three.csv
printf 'height,width\n1,2\n3,4\n' >two.csv
fails 3 'three\.csv: 3 features, but the model has 2; if one of the columns is the label' \
	predict good.model three.csv
fails 3 "cow\.csv: sample 1 .*class '?cow" eval good.model cow.csv
fails 3 'nowhere\.csv' predict good.model nowhere.csv -o p.csv

# A result that cannot be written is seen before the work.
fails 1 'dir\.csv: is a directory' train train.csv -o dir.csv
fails 1 'nowhere/: is a directory; name a file in it' train train.csv -o nowhere/
fails 1 'no/such/dir.*No such file' train train.csv -o no/such/dir/m
fails 1 'is a directory' predict good.model train.csv -o dir.csv
# A link to nothing is refused, as cp does; a link to a file is written through, and stays.
ln -s nothing-yet dangling
fails 1 'dangling: is a symbolic link to a file that does not exist' train train.csv -o dangling
fails 1 'dangling: is a symbolic link' predict good.model two.csv -o dangling
is "the link is still there, and points at nothing" "nothing-yet no" \
	"$(readlink dangling) $([ -e nothing-yet ] && echo yes || echo no)"
mkdir elsewhere
: >elsewhere/p.csv
ln -s elsewhere/p.csv link.csv
run predict good.model two.csv -o link.csv
is "predict -o writes through a link" "0 elsewhere/p.csv 3" \
	"$code $(readlink link.csv) $(wc -l <elsewhere/p.csv)"
: >elsewhere/m
ln -s elsewhere/m link.model
run train train.csv -o link.model --epochs 2 --backend embedded
is "train -o writes through a link" "0 elsewhere/m yes" \
	"$code $(readlink link.model) $([ -s elsewhere/m ] && echo yes)"
if [ "$(id -u)" != 0 ]; then
	mkdir -m 555 locked
	fails 1 'locked.*Permission denied' train train.csv -o locked/m
fi

# Devices that cannot be used.
if [ -e /dev/wattle ]; then
	skip "--backend device without a device" "this machine has one"
else
	fails 5 '/dev/wattle' train train.csv -o m --backend device
fi
run train train.csv -o m --require-energy --backend embedded
if [ "$code" = 0 ]; then
	skip "--require-energy without a source" "this machine has one"
else
	is "--require-energy without a source: exit" 4 "$code"
	like "--require-energy without a source: message" "joules are not available: ." "$err"
	is "--require-energy without a source: no model" "" "$(ls m 2>/dev/null)"
fi

# An old result survives a failure.
run train train.csv -o keep.model --epochs 3 --backend embedded
before=$(sha256sum <keep.model)
run train cell.csv -o keep.model --backend embedded
is "a failed run leaves the old model alone" "3 $before" "$code $(sha256sum <keep.model)"

done_testing
