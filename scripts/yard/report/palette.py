# SPDX-License-Identifier: MIT
"""Colours that the colour-blind can tell apart (after Okabe and Ito, darkened for white paper), one a model,
the same in every chart. Variants of a model share its colour and differ by dash and marker."""

from __future__ import annotations

from typing import Sequence

LIGHT = (
    "#20242a",
    "#6f7681",
    "#0068a8",
    "#aa6200",
    "#00795a",
    "#c43c12",
    "#96408a",
    "#237fa5",
    "#7d6e00",
    "#5a4fcf",
)
DARK = (
    "#e8eaed",
    "#9aa3af",
    "#5ab0ee",
    "#f0a840",
    "#35c99a",
    "#ff8a62",
    "#e090d0",
    "#86d3f2",
    "#d8c84a",
    "#a79cff",
)
FIXED = {
    "floor": 0,
    "serial": 1,
    "coroutine": 2,
    "callback": 3,
    "fiber": 4,
    "thread": 5,
    "process": 6,
    "asio": 7,
}
DASHES = ("", "7 4", "2 3", "9 3 2 3")


def colours(models: Sequence[str]) -> dict[str, int]:
    """The place of each model in LIGHT and DARK; models from outside take the places that are left."""
    free = [i for i in range(len(LIGHT)) if i >= 8] + [7, 3, 4, 5, 6]
    found = {}
    for model in models:
        if model in FIXED:
            found[model] = FIXED[model]
    spare = [i for i in free if i not in found.values()] or free
    for count, model in enumerate(m for m in models if m not in FIXED):
        found[model] = spare[count % len(spare)]
    return found


def variants(contenders: Sequence[str]) -> dict[str, int]:
    """The place of each contender among the variants of its model."""
    seen: dict[str, int] = {}
    places = {}
    for name in contenders:
        model = name.partition("/")[0]
        places[name] = seen.get(model, 0)
        seen[model] = places[name] + 1
    return places
