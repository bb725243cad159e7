# SPDX-License-Identifier: MIT
"""What makes two numbers of one series: the same contender, work, budget and link. Names become
file names here."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
from dataclasses import dataclass
from typing import Any, Mapping

from yard.data.link import LOOPBACK
from yard.stats.estimates import Cell


@functools.lru_cache(maxsize=None)
def slug(text: str, identity: str = "") -> str:
    """A file name that people can read. Where that leaves something out, or for `identity`, six
    digits of a hash tell it apart."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:80] or "unnamed"
    if readable == text and not identity:
        return readable
    return f"{readable}-{hashlib.sha256((identity or text).encode()).hexdigest()[:6]}"


NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(value: str) -> str:
    """For XML and SVG, which have no way to write most control characters."""
    return html.escape(NO_XML.sub("\ufffd", value), quote=True)


@dataclass(frozen=True)
class CellKey:
    model: str
    variant: str
    workload: str
    sizes: tuple[tuple[str, int], ...]
    link: str = LOOPBACK

    @property
    def contender(self) -> str:
        return f"{self.model}/{self.variant}" if self.variant else self.model

    @property
    def slug(self) -> str:
        """Short enough for a link, and the same for every run of this cell."""
        identity = json.dumps([*self.point, self.model, self.variant])
        return slug(f"{self.workload}-{self.contender}", identity)

    @property
    def point(self) -> tuple[str, tuple[tuple[str, int], ...], str]:
        return self.workload, tuple(sorted(self.sizes)), self.link

    @property
    def at(self) -> str:
        """The sizes in words; those that are zero switch something off."""
        shown = [f"{name.replace('_', ' ')} {value:,}" for name, value in self.sizes if value]
        return ", ".join(shown + ([] if self.link == LOOPBACK else [f"over {self.link}"]))

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "variant": self.variant,
            "workload": self.workload,
            "sizes": dict(self.sizes),
            "link": self.link,
        }


def of_cell(cell: Cell, link: str) -> CellKey:
    return CellKey(cell.model, cell.variant, cell.at.workload, tuple(cell.at.sizes.items()), link)


def of_json(value: Mapping[str, Any]) -> CellKey:
    return CellKey(
        value["model"],
        value["variant"],
        value["workload"],
        tuple(value["sizes"].items()),
        value["link"],
    )
