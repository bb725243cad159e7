# SPDX-License-Identifier: MIT
"""A command that the gate may be given: `fake_command.py google|lines FACTOR [NAME...]`."""

import json
import random
import re
import sys


def main():
    kind, factor, names = (
        sys.argv[1],
        float(sys.argv[2]),
        [w for w in sys.argv[3:] if not w.startswith("--")],
    )
    flags = dict(w[2:].partition("=")[::2] for w in sys.argv[3:] if w.startswith("--"))
    names = names or ["alpha/64", "beta"]
    if kind == "broken":
        print("no such device", file=sys.stderr)
        return 9

    def noise():
        return random.uniform(0.998, 1.002)

    if kind == "lines":
        for name in names:
            slow = factor if name == names[0] else 1.0
            print(
                json.dumps(
                    {
                        "scenario": name,
                        "metrics": {"time": 5 * slow * noise(), "rate": 7 / slow * noise()},
                    }
                )
            )
        return 0
    if kind == "google" and "benchmark_list_tests" in flags:
        print("\n".join(names))
        return 0
    chosen = [n for n in names if re.search(flags.get("benchmark_filter", "."), n)]
    assert flags["benchmark_format"] == "json" and "benchmark_min_time" in flags
    rows = [
        {
            "name": n,
            "run_name": n,
            "run_type": "iteration",
            "iterations": 3,
            "time_unit": "us",
            "real_time": 2.0 * noise(),
            "cpu_time": 1.0 * noise() * (factor if n == names[0] else 1.0),
            "items_per_second": 1e6 * noise() / (factor if n == names[0] else 1.0),
        }
        for n in chosen
    ]
    print(json.dumps({"context": {}, "benchmarks": rows}))
    return 0


sys.exit(main())
