#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layering test finds every sin in a tree that commits them all, once."""

import pathlib
import sys
import tempfile

import layering
import yard_layers

EXPECTED = [
    "bench/client/client.hpp:3: bench/client may not include cell/recorder.hpp",
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
    "bench/oracle/oracle.hpp:4: 'where' is a name; call it by a noun",
    "impl/rogue/echo.cpp:12: catches everything and tells nobody",
]

LONG = "def long():\n" + "    pass\n" * 60
YARD = {
    "errors.py": "from yard import data\n",
    "data/__init__.py": "",
    "data/host.py": "import yard.engine.runner\n",
    "engine/__init__.py": "",
    "engine/runner.py": "from yard.data import host\n",
    "gate/__init__.py": "",
    "gate/words.py": "def f():\n    from yard.report import series\n",
    "report/__init__.py": "",
    "report/series.py": LONG
    + "def wide(a, b, c, d, e, f, g, h): pass\ndef fits(a, b, c, d, e, f, g): pass\n",
    "report/words.py": "from yard.data.host import uptime\nNUMBER = f'{uptime:.1f} {uptime:>9}'\n"
    "A, B = '%.2f s' % uptime, '100 % full, %s' % uptime\nC, D = format(uptime, '.3g'), format(uptime)\n"
    "E, F = '{:.0%} of {}'.format(uptime, 1), '{:>9}'.format(uptime)\n",
    "text/__init__.py": "NUMBER = f'{1:.1f}'\n",
    "unknown/__init__.py": "",
}
EXPECTED_OF_YARD = [
    "scripts/yard/errors.py:1: errors may not import data",
    "scripts/yard/data/host.py:1: data may not import engine",
    "scripts/yard/gate/words.py:2: gate may not import report",
    "scripts/yard/unknown/__init__.py:1: the package unknown has no layer",
    "scripts/yard/data/host.py:1: imports in a circle: yard.data.host -> yard.engine.runner -> yard.data.host",
    "scripts/yard/report/words.py:1: a second module words, beside scripts/yard/gate/words.py",
    *(
        f"scripts/yard/report/words.py:{n}: formats a number; only yard/text does"
        for n in range(2, 6)
    ),
    "scripts/yard/report/series.py:1: long has 61 lines, 60 are allowed",
    "scripts/yard/report/series.py:62: wide has 8 parameters, 7 are allowed",
]


def of_yard():
    with tempfile.TemporaryDirectory() as folder:
        for name, text in YARD.items():
            file = pathlib.Path(folder) / "scripts" / "yard" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return list(yard_layers.findings(pathlib.Path(folder)))


EXPECTED += EXPECTED_OF_YARD
found = [*layering.findings(pathlib.Path(sys.argv[1])), *of_yard()]
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
