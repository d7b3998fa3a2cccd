#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
# scripts/setup on a machine whose language is not English: apt's tools are played.
# shellcheck disable=SC1091,SC2154  # lib.sh sets code, out and err
. "$(dirname "$0")/lib.sh"

mkdir bin cache
cat >bin/apt-cache <<'E2'
#!/bin/bash
[ "$1" = policy ] || exit 100
shift
installed=Installed: candidate=Candidate:
[ "${LC_ALL-}" = C ] || installed=Installiert: candidate=Installationskandidat:
for p; do
	[ "$p" != "$UNOFFERED" ] || continue
	printf '%s:\n  %s (none)\n  %s 1.0-1\n' "$p" "$installed" "$candidate"
done
E2
cat >bin/dpkg-query <<'E2'
#!/bin/bash
exit 0
E2
cat >bin/apt-get <<'E2'
#!/bin/bash
echo "$*" >>"$LOG"
case " $* " in *" update "*) exit 0 ;; esac
exit 100
E2
cat >bin/id <<'E2'
#!/bin/bash
echo 0
E2
chmod 755 bin/*

setup() {
	code=0
	: >log
	env -u LC_ALL PATH="$work/bin:$PATH" LANG=de_DE.UTF-8 LANGUAGE=de LOG="$work/log" \
		UNOFFERED="$1" WATTLE_CACHE="$work/cache" "$top/scripts/setup" >out 2>err || code=$?
}

setup ""
is "what is offered in German is known to be offered" "" "$(grep 'no package list' err)"
like "so it is asked for" 'install --no-install-recommends -y .*sparse' "$(cat log)"
is "and what apt-get says counts" 1 "$code"
like "with a message" 'apt-get could not install the packages' "$(cat err)"
setup sparse
is "nobody offers sparse" 1 "$code"
like "and that is what is said" 'no package list of this machine has: sparse' "$(cat err)"
is "then nothing is installed" "" "$(grep install log)"
done_testing
