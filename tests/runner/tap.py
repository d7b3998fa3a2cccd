# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Count what a test program printed and how it ended."""
import re

LINE = re.compile(r"^(?P<not>not )?ok\b *(?P<num>\d+)?(?P<rest>.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*(?i:skip)\S*\s*(.*))?")
SKIP = re.compile(r"#\s*skip\S*\s*(.*)$", re.IGNORECASE)


class Result:
    """Counts and the text a reader needs when something failed."""

    def __init__(self, name, output=""):
        self.name = name
        self.output = output
        self.passed = 0
        self.failures = []      # what failed, one line each
        self.skips = []         # "test: reason"
        self.seconds = 0.0

    @property
    def ran(self):
        """Number of tests that gave a verdict, skips included."""
        return self.passed + len(self.failures) + len(self.skips)


def judge(name, output, code):
    """
    A program's Result from its output and exit code.

    With TAP output every line counts, and the plan must hold. Without it the program
    is one test: 0 passed, 77 skipped (its last line says why), anything else failed.
    A program that reports success and exits non-zero has failed all the same.
    """
    res = Result(name, output)
    plan, seen, skipped_all = None, 0, None
    for line in output.splitlines():
        hit = PLAN.match(line)
        if hit:
            plan = (plan or 0) + int(hit.group(1))
            if int(hit.group(1)) == 0:
                skipped_all = hit.group(2) or "no reason given"
            continue
        hit = LINE.match(line)
        if not hit:
            continue
        seen += 1
        title = hit.group("rest").strip().lstrip("-").strip() or f"test {hit.group('num')}"
        skip = SKIP.search(title)
        if skip:
            what = title.split("#")[0].strip()
            res.skips.append((what + ": " if what else "") + (skip.group(1) or "no reason given"))
        elif hit.group("not"):
            res.failures.append(title)
        else:
            res.passed += 1
    if seen == 0 and plan is None:
        last = (output.strip().splitlines() or ["no output"])[-1]
        if code == 0:
            res.passed = 1
        elif code == 77:
            res.skips.append(last)
        else:
            res.failures.append(f"exit code {code}: {last}")
        return res
    if skipped_all is not None and seen == 0:
        res.skips.append(skipped_all)
    elif plan is None:
        res.failures.append("printed no plan (1..N): it may have ended early")
    elif seen != plan:
        res.failures.append(f"planned {plan} tests, gave {seen} results")
    if code not in (0, 77) and not res.failures:
        res.failures.append(f"exit code {code} although every test passed")
    if code == 77 and not res.skips:
        res.failures.append("exit code 77 (skip) without a reason")
    return res
