# SPDX-License-Identifier: MIT
"""What a run has left open for lack of time: never missing in silence."""

from __future__ import annotations

from typing import Any, Mapping

from yard.text import numbers


def open_rows(meta: Mapping[str, Any]) -> list[str]:
    """A sentence each, with the minutes that the row would take."""
    recorded = meta.get("open")
    found = []
    for row in recorded if isinstance(recorded, list) else []:
        if not isinstance(row, Mapping) or not isinstance(row.get("minutes"), (int, float)):
            continue
        length = numbers.length(60 * float(row["minutes"]))
        found.append(f"{row.get('row')}: {row.get('why')}; {length} more would settle it.")
    return found
