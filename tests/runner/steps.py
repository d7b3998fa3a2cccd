# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""The parts of a check. Each yields tap.Result objects as they come in."""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

from . import suites, tap

TOP = suites.TOP
LOGS = os.path.join(TOP, "build/test-logs")
PROGRAM_LIMIT = 300     # seconds a native test program may take

SAN_ENV = {
    # Absurd sizes must fail as they do without a sanitizer: tests ask for them.
    "asan": {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1:"
             "allocator_may_return_null=1",
             "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"},
    "tsan": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:"
             "allocator_may_return_null=1"},
}


class Budget:
    """The time that is left, from WATTLE_CHECK_DEADLINE (seconds since the epoch)."""

    def __init__(self):
        text = os.environ.get("WATTLE_CHECK_DEADLINE", "")
        self.deadline = None
        if text:
            if not re.fullmatch(r"\d+", text):
                sys.exit(f"tests/run: WATTLE_CHECK_DEADLINE='{text}': seconds since the epoch")
            self.deadline = int(text)

    def left(self):
        """Seconds left, or None without a deadline."""
        return None if self.deadline is None else self.deadline - time.time()

    def too_late(self, name, need):
        """A skip Result if @need seconds no longer fit, else None."""
        left = self.left()
        if left is None or left >= need:
            return None
        res = tap.Result(name)
        res.skips.append(f"needs up to {need:.0f} s, {max(left, 0):.0f} s are left "
                         "before the deadline")
        return res


def run_program(name, argv, env=None, limit=PROGRAM_LIMIT):
    """Run a native test program; its Result."""
    start = time.monotonic()
    try:
        proc = subprocess.run(argv, cwd=TOP, env={**os.environ, **(env or {})}, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit)
        res = tap.judge(name, proc.stdout.decode(errors="replace"), proc.returncode)
    except subprocess.TimeoutExpired as e:
        res = tap.Result(name, (e.stdout or b"").decode(errors="replace"))
        res.failures.append(f"not done after {limit} s")
    except OSError as e:
        res = tap.Result(name)
        res.failures.append(str(e))
    res.seconds = time.monotonic() - start
    return res


def make(name, *args):
    """Run make as one test; None when it went well, else the failed Result."""
    res = run_program(name, ["make", f"-j{os.cpu_count()}", "--no-print-directory", *args],
                      limit=1500)
    if res.failures:
        res.failures = [f"make {' '.join(args)} failed"]
        return res
    return None


def listed(target, san=""):
    """What a list- target of the Makefile prints."""
    text = subprocess.run(["make", "-s", "--no-print-directory", f"SAN={san}", target], cwd=TOP,
                          check=True, text=True, stdout=subprocess.PIPE).stdout
    return text.split()


def build(_level, _budget):
    """Programs, guest programs and modules: everything later parts run."""
    for name, args in (("build/user", ["user", "test-progs"]), ("build/module", ["module"]),
                       ("build/bpf", ["bpf"])):
        start = time.monotonic()
        res = make(name, *args) or tap.judge(name, "", 0)
        res.seconds = time.monotonic() - start
        yield res


def unit(level, _budget):
    """cmocka programs: plain, ASan + UBSan; TSan for those listed. Then scripts on the command."""
    if level != "check":
        return
    for san, target, listing in (("", "unit-progs", "list-unit"), ("asan", "unit-progs", "list-unit"),
                                 ("tsan", "tsan-progs", "list-tsan")):
        label = "unit" + (f"-{san}" if san else "")
        broken = make(f"build/{label}", f"SAN={san}", target)
        if broken:
            yield broken
            continue
        for path in listed(listing, san):
            env = {"CMOCKA_MESSAGE_OUTPUT": "TAP", **SAN_ENV.get(san, {})}
            yield run_program(f"{label}/{os.path.basename(path)}", [path], env)


def cli(level, _budget):
    """Scripts in tests/cli, on the built command."""
    if level != "check":
        return
    for path in sorted(glob.glob(os.path.join(TOP, "tests/cli/*.sh"))):
        if os.access(path, os.X_OK):
            yield run_program("cli/" + os.path.basename(path)[:-3], [path])


# Parts that will run.
WANTED = set()
# What was begun beside an earlier part, by its name: futures.
BESIDE = {}
POOL = concurrent.futures.ThreadPoolExecutor(max_workers=1)


def run_lint():
    """scripts/lint prints TAP."""
    return run_program("lint", ["scripts/lint", "--static"], limit=900)


def lint(level, _budget):
    """Static checks; their result, if they were begun beside the harness's own tests."""
    if level == "check":
        yield BESIDE.pop("lint").result() if "lint" in BESIDE else run_lint()


def checkpatch(level, budget):
    """The part of lint that wants the kernel source, which the debug kernel has fetched."""
    if level == "long":
        yield budget.too_late("checkpatch", 300) or \
            run_program("checkpatch", ["scripts/lint", "--checkpatch"], limit=900)


def harness(level, _budget):
    """
    The harness's own tests come first: what it says about the others rests on them. They
    mostly wait for guests, so lint runs beside them if it is asked for.
    """
    if level != "check":
        return
    if "lint" in WANTED:
        BESIDE["lint"] = POOL.submit(run_lint)
    yield run_program("harness/runner", ["tests/runner/selftest"])
    yield run_program("harness/vm", ["tests/vm/selftest"], limit=600)


def debug_kernel(level, budget):
    """Build the debug kernel (cached)."""
    if level != "long":
        return
    name = "build/debug-kernel"
    cached = subprocess.run(["scripts/debug-kernel", "--check"], cwd=TOP, check=False,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    late = None if cached else budget.too_late(name, 1500)
    if late:
        yield late
        return
    res = run_program(name, ["scripts/debug-kernel"], limit=2400)
    if res.failures:
        yield res
        return
    res = run_program(name, ["scripts/kbuild", "--kernel", "debug"], limit=900)
    yield res


def fuzz(level, budget):
    """The fuzz targets, 15 s each."""
    if level != "long":
        return
    yield budget.too_late("fuzz", 240) or run_program("fuzz", ["tests/fuzz/run"], limit=600)


def guests(level, budget):
    """The guest suites of tests/vm/suites."""
    try:
        table = suites.load()
    except suites.TableError as e:
        res = tap.Result("vm/suites")
        res.failures.append(str(e))
        yield res
        return
    have_debug = subprocess.run(["scripts/debug-kernel", "--check"], cwd=TOP, check=False,
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL).returncode == 0
    # Suites made for "long" first: the debug kernel's runs are what may be cut off.
    order = [(s, k) for s in table for k in s.kernels(level)]
    order.sort(key=lambda sk: sk[1] == "debug")
    for suite, kernel in order:
        name = f"vm/{suite.name}@{kernel}"
        if kernel == "debug" and not have_debug:
            res = tap.Result(name)
            res.skips.append("the debug kernel is not built")
            yield res
            continue
        # The limits are generous: what begins with this much left mostly gets done, and is
        # not held against it if the deadline cuts it off.
        need = int(suite.keys["timeout"]) * (suites.DEBUG_FACTOR if kernel == "debug" else 1)
        late = budget.too_late(name, min(need, 300))
        if late:
            yield late
            continue
        yield from suites.run(suite, kernel, budget.left())


PARTS = {"build": build, "harness": harness, "lint": lint, "unit": unit, "cli": cli,
         "fuzz": fuzz, "debug-kernel": debug_kernel,
         "checkpatch": checkpatch, "vm": guests}
