#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layering test finds every sin in a tree that commits them all, once."""

import pathlib
import sys

import layering

EXPECTED = [
    "bench/contract/contract.hpp:3: bench/contract takes the standard library only",
    "bench/oracle/oracle.hpp:1: a header without #pragma once",
    "bench/oracle/oracle.hpp:2: bench/oracle may not include",
    "bench/oracle/oracle.hpp:2: the harness includes a model",
    "bench/oracle/oracle.hpp:3: bench/oracle may not include rig/rig.hpp",
    "bench/oracle/long.cpp:6: a function of 61 lines, 60 are allowed: int inside()",
    "impl/rogue/echo.cpp:1: does not begin with the licence line",
    "impl/rogue/echo.cpp:1: a model may not include oracle/all.hpp",
    "impl/rogue/echo.cpp:2: fmt/format.h belongs to the harness",
    "impl/rogue/echo.cpp:6: a model never reads a clock",
    "impl/rogue/echo.cpp:7: a model never prints",
    "impl/rogue/echo.cpp:5: a model never reads its surroundings",
    "impl/rogue/echo.cpp:7: a model never reads its surroundings",
    "impl/rogue/echo.cpp:8: a model never sleeps",
    "impl/rogue/echo.cpp:9: a model never detaches a thread",
    "impl/rogue/echo.cpp:12: catches everything and tells nobody",
]

found = list(layering.findings(pathlib.Path(sys.argv[1])))
faults = [
    f"not found: {line}"
    for line in EXPECTED
    if not any(finding.startswith(line) for finding in found)
]
faults += [
    f"not expected: {finding}"
    for finding in found
    if not any(finding.startswith(line) for line in EXPECTED)
]
print("\n".join(faults))
sys.exit(1 if faults else 0)
