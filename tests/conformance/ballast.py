#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `idle` to its measure: a known weight that each unit carries must be found in the bytes per unit within 5 %,
in every cell of one model that supports it."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

TOLERANCE = 0.05
# Other processes come and go and change what shared pages are counted at; that a reading is off three times is no chance.
ATTEMPTS = 3


def bytes_per_unit(executable, cell, units, ballast):
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        samples = pathlib.Path(folder, "samples.jsonl")
        ended = subprocess.run(
            [
                executable,
                "--cell",
                cell,
                "--set",
                f"units={units}",
                "--set",
                f"ballast_bytes={ballast}",
                "--samples",
                str(samples),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise SystemExit(f"{cell}: exit code {ended.returncode}: {ended.stderr[-500:]}")
        (sample,) = [json.loads(line) for line in samples.read_text().splitlines()]
    if sample["verdict"] not in ("ok", "disturbed"):
        raise SystemExit(f"{cell}: {sample['verdict']}: {sample['reason']}")
    return sample["waiting"]["bytes_per_unit"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable")
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument("--ballast", type=int, default=1000, help="bytes that each unit carries")
    parser.add_argument(
        "--expect",
        type=int,
        help="look for this instead: what an allocator makes of it, or a falsehood",
    )
    parser.add_argument("--variants", nargs="+", help="of the cells; all without it")
    parser.add_argument("--unseen", help="why the weight cannot be seen in this model")
    arguments = parser.parse_args()
    if arguments.unseen:
        print(f"skipped: {arguments.unseen}")
        return 77
    expected = arguments.expect or arguments.ballast
    description = json.loads(
        subprocess.run(
            [arguments.executable, "--describe"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    )
    if missing := description.get("missing"):
        print(f"skipped: {missing['skipped']}; {missing['install']}")
        return 77
    cells = [
        "/".join(filter(None, ("idle", cell["variant"])))
        for cell in description["cells"]
        if cell["workload"] == "idle"
        and cell["declined"] is None
        and (arguments.variants is None or cell["variant"] in arguments.variants)
    ]
    if not cells and arguments.variants is None:
        print("skipped: this model has no cell of idle")
        return 77
    missed = []
    for cell in cells:
        for _ in range(ATTEMPTS):
            without, loaded = (
                bytes_per_unit(arguments.executable, cell, arguments.units, ballast)
                for ballast in (0, arguments.ballast)
            )
            print(
                f"{cell}: {without:.0f} bytes a unit, {loaded:.0f} with {arguments.ballast} more: "
                f"found {loaded - without:.0f}",
                flush=True,
            )
            if abs(loaded - without - expected) <= TOLERANCE * expected:
                break
        else:
            missed.append(cell)
    for cell in missed:
        print(
            f"FAULT: {cell}: {expected} bytes were not found within {TOLERANCE:.0%}",
            file=sys.stderr,
        )
    return 1 if missed or not cells else 0


if __name__ == "__main__":
    sys.exit(main())
