# SPDX-License-Identifier: MIT
"""The link between a server and its load generator. It is part of what a number is of: figures
over different links are never laid side by side."""

from __future__ import annotations

from typing import Any, Mapping

LOOPBACK = "loopback"


def name_of(meta: Mapping[str, Any]) -> str:
    """One word for the link of a run; runs that name none went over loopback."""
    link = meta.get("link")
    return str(link.get("name") or LOOPBACK) if isinstance(link, Mapping) else LOOPBACK
