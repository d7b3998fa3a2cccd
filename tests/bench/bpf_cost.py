#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""What attribution costs, natively: tests/bench/bpf_cost.py WATTLE BENCH_PIPE BPFTOOL.

bpf.switch_ns is the mean run time of the program at a context switch, by the kernel's own
statistics, against half a round of the ping-pong without it. bpf.pipe_slowdown is the
ping-pong with attribution against without, in alternating pairs, medians.
bpf.tool_cpu_share is the CPU time of wattle at one tick a second against a whole CPU.
"""
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time

STATS = "/proc/sys/kernel/bpf_stats_enabled"
PAIRS = 9
ROUNDS = "100000"
WATTLE, PIPE, BPFTOOL = sys.argv[1:4]


def put(value):
    """Set the kernel's switch for statistics; returns what it was."""
    with open(STATS, encoding="ascii") as f:
        old = f.read().strip()
    with open(STATS, "w", encoding="ascii") as f:
        f.write(value)
    return old


def rounds():
    """Nanoseconds a round."""
    return float(subprocess.run([PIPE, ROUNDS], check=True, text=True,
                                stdout=subprocess.PIPE).stdout)


class Attribution:
    """wattle stat -a, from when its programs run to when it has ended."""

    def __enter__(self):
        self.before = ids()
        self.proc = subprocess.Popen([WATTLE, "stat", "-a", "-o", "/dev/null"])
        while not ids() - self.before:
            if self.proc.poll() is not None:
                sys.exit(f"wattle stat ended with {self.proc.returncode}")
            time.sleep(0.05)
        return self

    def __exit__(self, *what):
        self.proc.send_signal(signal.SIGINT)
        self.proc.wait()

    def stats(self):
        """(runs, nanoseconds) of the program at a switch."""
        for prog in programs():
            if prog["name"] == "on_switch" and prog["id"] not in self.before:
                return prog.get("run_cnt", 0), prog.get("run_time_ns", 0)
        sys.exit("the program on_switch is not loaded")


def programs():
    """All BPF programs, as bpftool has them."""
    return json.loads(subprocess.run([BPFTOOL, "-j", "prog", "show"], check=True,
                                     stdout=subprocess.PIPE).stdout)


def ids():
    """Of those, the ones at a switch."""
    return {p["id"] for p in programs() if p.get("name") == "on_switch"}


def figure(name, ours, peer, peer_name, unit):
    """One line for tests/bench/run."""
    print(json.dumps({"name": name, "ours": ours, "peer": peer, "peer_name": peer_name,
                      "unit": unit, "ratio": ours / peer, "better": "lower"}), flush=True)


def main():
    """Measure and print."""
    without, beside = [], []
    rounds()
    for _ in range(PAIRS):
        without.append(rounds())
        with Attribution():
            beside.append(rounds())
    plain, slowed = statistics.median(without), statistics.median(beside)
    old = put("1")
    try:
        with Attribution() as a:
            n0, t0 = a.stats()
            rounds()
            n1, t1 = a.stats()
    finally:
        put(old)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Loading the programs is no part of a tick: twice as long costs that much more.
    spans = []
    for seconds in ("2", "12"):
        subprocess.run([WATTLE, "stat", "-a", "-o", "/dev/null", "--", "sleep", seconds], check=True)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        spans.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        used = now
    figure("bpf.switch_ns", (t1 - t0) / (n1 - n0), plain / 2, "half a round of the ping-pong", "ns")
    figure("bpf.pipe_slowdown", slowed, plain, "without attribution", "ns")
    figure("bpf.tool_cpu_share", max(spans[1] - spans[0], 0) / 10, 1.0,
           f"one CPU; {len([p for p in os.listdir('/proc') if p.isdigit()])} processes", "CPU")

if __name__ == "__main__":
    main()
