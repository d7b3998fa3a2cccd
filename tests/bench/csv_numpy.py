#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Run the CSV benchmark, then numpy.loadtxt on the same file, and print the figures of both.

tests/bench/csv_numpy.py BENCH_CSV

pandas is faster than numpy at this; it is measured when python3-pandas is installed.
"""
import json
import os
import subprocess
import sys
import tempfile
import time


def least(fn, rounds):
    """CPU seconds of the best round."""
    best = None
    for _ in range(rounds):
        start = time.process_time()
        fn()
        spent = time.process_time() - start
        best = spent if best is None or spent < best else best
    return best


def figure(name, ours, peer, peer_name):
    """One line, as bench.h prints them."""
    print(json.dumps({"name": name, "ours": ours, "peer": peer, "peer_name": peer_name,
                      "unit": "MB/s", "ratio": ours / peer, "better": "higher"}), flush=True)


def main():
    """Returns the exit code."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "bench.csv")
        out = subprocess.run([sys.argv[1], path], check=True, stdout=subprocess.PIPE,
                             text=True).stdout
        sys.stdout.write(out)
        sys.stdout.flush()
        ours = json.loads(out.splitlines()[0])["ours"]
        size = os.path.getsize(path) * 1e-6
        try:
            import numpy  # pylint: disable=import-outside-toplevel
            took = least(lambda: numpy.loadtxt(path, delimiter=",", skiprows=1,
                                               dtype="f4"), 2)
            figure("csv.read_vs_numpy", ours, size / took,
                   f"numpy.loadtxt {numpy.__version__}, 1 thread")
        except ImportError:
            print("numpy is missing; install python3-numpy", file=sys.stderr)
        try:
            import pandas  # pylint: disable=import-outside-toplevel
            took = least(lambda: pandas.read_csv(path, engine="c", dtype="f4"), 3)
            figure("csv.read_vs_pandas", ours, size / took,
                   f"pandas.read_csv {pandas.__version__}, C engine, 1 thread")
        except ImportError:
            print("pandas is missing; install python3-pandas", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
