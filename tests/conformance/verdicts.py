# SPDX-License-Identifier: MIT
"""The verdicts of each kind, from the table that the harness is built from."""

import json
import pathlib

TABLE = pathlib.Path(__file__).parents[2] / "bench" / "facts" / "verdicts.json"
VERDICTS = json.loads(TABLE.read_text(encoding="utf-8"))["verdicts"]


def of_kind(*kinds):
    return {verdict["name"] for verdict in VERDICTS if verdict["kind"] in kinds}


FAILED = of_kind("failed")
ABSENT = of_kind("absent")
MEASURED = of_kind("ok", "noted", "marked")
