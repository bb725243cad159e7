# SPDX-License-Identifier: MIT
"""Change points as an Atom feed (RFC 4287). An entry keeps its id as long as its change point
stands."""

from __future__ import annotations

import datetime
import re
from typing import Any, Mapping, Sequence

from yard.data.facts import METRIC
from yard.site.cell_key import xml_text
from yard.text import numbers

MOST = 100
RUN_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
NEVER = "1970-01-01T00:00:00Z"


def stamp(utc: str) -> str:
    """RFC 3339; the moments of runs are written in several ways of ISO 8601."""
    if match := RUN_STAMP.match(utc):
        utc = "{}-{}-{}T{}:{}:{}+00:00".format(*match.groups())
    try:
        found = datetime.datetime.fromisoformat(utc.replace("Z", "+00:00"))
    except ValueError:
        return NEVER
    return found.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def words(change: Mapping[str, Any]) -> str:
    ratio = change["after"] / change["before"]
    deed = "costs more" if ratio > 1 else "costs less"
    return (
        f"{change['contender']} {change['workload']} {deed} on {change['machine']}: "
        f"{METRIC[change['metric']].label} {numbers.change(ratio - 1)} at {change['revision'][:12]}"
    )


def render(changes: Sequence[Mapping[str, Any]]) -> str:
    newest = sorted(changes, key=lambda change: stamp(change["utc"]), reverse=True)[:MOST]
    updated = stamp(newest[0]["utc"]) if newest else NEVER
    entries = "".join(_entry(change) for change in newest)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        "<title>Switchyard: change points</title><id>urn:switchyard:site:changes</id>"
        "<author><name>switchyard site</name></author>"
        f'<link rel="self" href="changes.atom"/><updated>{updated}</updated>\n{entries}</feed>\n'
    )


def _entry(change: Mapping[str, Any]) -> str:
    name = ":".join((change["machine"], change["slug"], change["metric"], change["run"]))
    text = (
        f"{words(change)}. Medians of the ratio to the floor: {numbers.short(change['before'], 4)} before, "
        f"{numbers.short(change['after'], 4)} after; p = {numbers.short(change['p'], 2)}. {change['at']}"
    )
    return (
        f"<entry><id>urn:switchyard:change:{xml_text(name)}</id><title>{xml_text(words(change))}</title>"
        f'<link href="history/{change["slug"]}.html"/><updated>{stamp(change["utc"])}</updated>'
        f"<summary>{xml_text(text)}</summary></entry>\n"
    )
