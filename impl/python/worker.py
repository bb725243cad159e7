#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The process that is measured: one cell, asked over standard input as docs/worker-protocol.md says."""

import importlib
import json
import sys

sys.dont_write_bytecode = True


def main():
    if sys.argv[1:] == ["--describe"]:
        import table

        print(json.dumps(table.describe(), indent=1))
        return
    if len(sys.argv) != 3:
        sys.exit("worker --describe, or worker WORKLOAD VARIANT: see docs/worker-protocol.md")
    workload, variant = sys.argv[1:]
    import protocol

    protocol.serve(importlib.import_module(f"cells.{workload}").make, variant)


if __name__ == "__main__":
    main()
