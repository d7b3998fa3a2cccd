# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""The table of guest suites, tests/vm/suites, and running one of them."""
import glob
import os
import re
import shlex
import subprocess
import sys
import time

from . import tap

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(TOP, "tests/vm/suites")
KEYS = {"kernels": "6.1,6.12", "smp": "2", "virtual-time": "no", "modules": "", "param": "",
        "level": "check", "timeout": "600", "limit": "240", "mem": "2G", "files": "", "append": "",
        "threads": "many"}
VM_TIMEOUT = 124        # scripts/vm's exit code for its time limit
DEBUG_FACTOR = 3        # KASAN and lockdep cost about that much
BEGIN = re.compile(r"^# wattle-test: begin (.*)$")
END = re.compile(r"^# wattle-test: end (.*) (\d+)$")


class TableError(Exception):
    """tests/vm/suites cannot be understood; the message says where."""


class Suite:
    """One line of the table."""

    def __init__(self, name, keys, programs):
        self.name = name
        self.keys = keys
        self.programs = programs

    def kernels(self, level):
        """The kernels to run on at @level: the debug kernel belongs to "long"."""
        want = self.keys["kernels"].split(",")
        if level == "check":
            return [k for k in want if k != "debug"] if self.keys["level"] == "check" else []
        return want if self.keys["level"] == "long" else [k for k in want if k == "debug"]


def load():
    """All suites, in the order of the table."""
    out = []
    with open(TABLE, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            head, sep, rest = line.partition(" -- ")
            words = head.split()
            keys = dict(KEYS)
            for word in words[1:]:
                key, eq, value = word.partition("=")
                if not eq or key not in KEYS:
                    raise TableError(f"{TABLE}:{number}: '{word}': expected one of "
                                     f"{', '.join(KEYS)} as key=value")
                keys[key] = value
            if not sep or not rest.strip():
                raise TableError(f"{TABLE}:{number}: no ' -- PROGRAM...'")
            if keys["level"] not in ("check", "long"):
                raise TableError(f"{TABLE}:{number}: level={keys['level']}: check or long")
            out.append(Suite(words[0], keys, [p.strip() for p in rest.split(";") if p.strip()]))
    return out


def expand(program):
    """A table entry as command lines; a glob stands for every executable it matches."""
    words = shlex.split(program)
    if not re.search(r"[*?\[]", words[0]):
        return [words]
    hits = sorted(p for p in glob.glob(os.path.join(TOP, words[0]))
                  if os.path.isfile(p) and os.access(p, os.X_OK))
    return [[os.path.relpath(p, TOP)] + words[1:] for p in hits]


def command(suite, kernel, log, timeout):
    """(scripts/vm's command line, the test programs) for one run."""
    keys = suite.keys
    programs = [w for p in suite.programs for w in expand(p)]
    args = ["scripts/vm", "--kernel", kernel, "--smp", keys["smp"], "--mem", keys["mem"],
            "--timeout", str(timeout), "--keep-log", log, "--no-stdin"]
    if keys["modules"]:
        args += ["--modules", keys["modules"]]
    for param in filter(None, keys["param"].split(",")):
        args += ["--modparam", param]
    if keys["append"]:
        args += ["--append", keys["append"].replace(",", " ")]
    if keys["threads"] == "one":
        args += ["--one-thread"]
    if keys["virtual-time"] == "yes":
        args += ["--virtual-time"]
        for path in filter(None, keys["files"].split(",")):
            args += ["--file", path]
        for words in programs:
            args += ["--file", words[0]]
    slow = DEBUG_FACTOR if kernel == "debug" else 1
    args += ["--", "tests/vm/guest-run", "-t", str(int(keys["limit"]) * slow)] + [shlex.join(w) for w in programs]
    return args, programs


def kernel_complaints(log):
    """{program: complaint lines} from the kernel log, by the markers guest-run writes into it."""
    out, current = {}, "boot"
    if not os.path.exists(log):
        return out
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read().replace("\r", "")
    parts = re.split(r"(?m)^.*wattle-test: (?:begin (.*)|end .*)$", text)
    for i in range(0, len(parts), 2):
        if i:
            current = parts[i - 1] or "between programs"
        check = subprocess.run(["scripts/check-dmesg", "--part", "/dev/stdin"], cwd=TOP, text=True,
                               input=parts[i], stdout=subprocess.PIPE, check=False)
        if check.returncode:
            out[current] = out.get(current, "") + check.stdout
    return out


def split_output(text):
    """[(program, output, exit code)] from guest-run's stream; no end marker: exit code None."""
    out, name, lines = [], None, []
    for line in text.splitlines():
        begin, end = BEGIN.match(line), END.match(line)
        if begin:
            if name is not None:
                out.append((name, "\n".join(lines), None))
            name, lines = begin.group(1), []
        elif end and name is not None:
            out.append((name, "\n".join(lines), int(end.group(2))))
            name = None
        elif name is not None:
            lines.append(line)
    if name is not None:
        out.append((name, "\n".join(lines), None))
    return out


def run(suite, kernel, limit=None):
    """Boot one guest for @suite on @kernel; a list of tap.Result, one per program."""
    label = f"vm/{suite.name}@{kernel}"
    log = os.path.join(TOP, "build/test-logs", f"{suite.name}-{kernel}.dmesg")
    timeout = int(suite.keys["timeout"])
    if kernel == "debug":
        timeout *= DEBUG_FACTOR
    cut = limit is not None and limit < timeout
    if cut:
        timeout = max(1, int(limit))
    start = time.monotonic()
    args, programs = command(suite, kernel, log, timeout)
    if not programs:
        res = tap.Result(label)
        res.failures.append(f"no program matches: {' ; '.join(suite.programs)}")
        return [res]
    if os.path.exists(log):
        os.unlink(log)
    proc = subprocess.run(args, cwd=TOP, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = proc.stdout.decode(errors="replace")
    with open(os.path.splitext(log)[0] + ".out", "w", encoding="utf-8") as f:
        f.write(text)
    # Ended by the deadline, not by its own limit: not done, and no fault of the programs.
    cut = cut and proc.returncode == VM_TIMEOUT
    complaints = kernel_complaints(log)
    done = {}
    for name, output, code in split_output(text):
        if code is None:
            res = tap.Result(f"{label}: {name}", output)
            if cut and not re.search(r"(?m)^not ok", output):
                res.skips.append("cut off by the deadline")
            else:
                res.failures.append("the guest ended before this program did")
        else:
            res = tap.judge(f"{label}: {name}", output, code)
        if name in complaints:
            res.failures.append("the kernel complained while it ran")
            res.output += "\n" + complaints.pop(name)
        done[name] = res
    out = list(done.values())
    rest = tap.Result(label, text[-20000:])
    for words in programs:
        if shlex.join(words) not in done:
            (rest.skips if cut else rest.failures).append(
                f"{shlex.join(words)} was " + ("cut off by the deadline" if cut else "never run"))
    for name, what in complaints.items():
        rest.failures.append(f"the kernel complained ({name})")
        rest.output += "\n" + what
    if proc.returncode and not cut and not rest.failures and not any(r.failures for r in out):
        rest.failures.append(f"scripts/vm ended with {proc.returncode}")
    if rest.failures or rest.skips:
        out.append(rest)
    for res in out:
        res.seconds = (time.monotonic() - start) / len(out)
    return out


if __name__ == "__main__":
    sys.exit("run tests/run")
