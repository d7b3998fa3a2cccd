#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# make install, and a program built against what it installed.
set -u

cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0

result() {
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp/log"
	fi
}

rel=$(scripts/kbuild --list | tail -n 1)
make --no-print-directory install DESTDIR="$tmp/root" PREFIX=/opt/wattle KVER="$rel" >"$tmp/log" 2>&1
result "make install DESTDIR= PREFIX= KVER=" $?
for f in opt/wattle/bin/wattle opt/wattle/lib/libwattle.so opt/wattle/lib/libwattle.so.0 \
	 opt/wattle/lib/libwattle.a opt/wattle/include/wattle/wattle.h \
	 opt/wattle/include/wattle/ml.h opt/wattle/include/linux/wattle.h \
	 opt/wattle/lib/pkgconfig/libwattle.pc opt/wattle/share/man/man1/wattle.1 \
	 usr/lib/udev/rules.d/70-wattle.rules usr/lib/sysusers.d/wattle.conf \
	 "lib/modules/$rel/updates/wattle/wattle.ko" \
	 "lib/modules/$rel/updates/wattle/wattle_rapl.ko" \
	 "lib/modules/$rel/updates/wattle/wattle_registry.ko"; do
	[ -e "$tmp/root/$f" ]
	result "$f" $?
done

cat >"$tmp/prog.c" <<'E2'
#include <stdio.h>
#include <wattle/ml.h>

int main(int argc, char **argv)
{
	struct wattle_ml_error e = { 0 };
	struct wattle_read_opts o = { .sz = sizeof(o), .header = -1 };
	struct wattle_dataset d;

	if (argc < 2 || wattle_dataset__read(&d, argv[1], &o, &e))
		return 1;
	printf("%zu samples, %u classes\n", d.x.rows, d.nr_classes);
	wattle_dataset__free(&d);
	return 0;
}
E2
export PKG_CONFIG_PATH=$tmp/root/opt/wattle/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root
# shellcheck disable=SC2046 # flags are words
gcc -Wall -Wextra -Werror -o "$tmp/prog" "$tmp/prog.c" $(pkg-config --cflags --libs libwattle) \
	>"$tmp/log" 2>&1
result "a program builds with pkg-config's flags" $?
LD_LIBRARY_PATH=$tmp/root/opt/wattle/lib "$tmp/prog" tests/data/breast_cancer.csv >"$tmp/log" 2>&1
grep -qx "569 samples, 2 classes" "$tmp/log"
result "and reads data through the shared library" $?
# shellcheck disable=SC2046
gcc -Wall -Wextra -Werror -o "$tmp/static" "$tmp/prog.c" $(pkg-config --cflags libwattle) \
	"$tmp/root/opt/wattle/lib/libwattle.a" \
	$(pkg-config --static --libs-only-l --libs-only-other libwattle | sed 's/-lwattle//') >"$tmp/log" 2>&1 &&
	"$tmp/static" tests/data/breast_cancer.csv >"$tmp/log" 2>&1 &&
	grep -qx "569 samples, 2 classes" "$tmp/log"
result "and through the static one" $?
nm -D --defined-only "$tmp/root/opt/wattle/lib/libwattle.so.0" |
	awk '$3 !~ /^wattle_[a-z]/ && $3 !~ /^(WATTLE|LIBWATTLE)_/ { print }' >"$tmp/log"
[ ! -s "$tmp/log" ]
result "the library exports nothing but wattle_*" $?
"$tmp/root/opt/wattle/bin/wattle" help >"$tmp/log" 2>&1
result "the installed command runs" $?
echo "1..$n"
exit $failed
