# SPDX-License-Identifier: MIT
"""Samples of a large run in a tenth of the memory: the same mapping, its numbers in one array.

Keys, kinds of values and nesting are a shape that thousands of samples share. Of the histograms of
a cell at least twice KEPT are kept, evenly over the run; a report draws no more."""

from __future__ import annotations

import math
import sys
from array import array
from collections import defaultdict
from typing import Any, Callable, Iterator, Mapping, Optional

from yard.data import formula
from yard.data.facts import METRIC

EXACT = 2**53  # beyond it a double does not hold every whole number
KEPT = 16
NUMBER, WHOLE, OTHER, NESTED = range(4)
Shape = dict[str, tuple[int, Any]]  # key -> kind, and the place of the value or the shape in it
Read = Callable[[Mapping[str, Any]], Optional[float]]


class CompactSample(Mapping[str, Any]):
    __slots__ = ("_shape", "_numbers", "_others", "_places")

    def __init__(
        self,
        shape: Shape,
        numbers: array[float],
        others: tuple[Any, ...],
        places: Mapping[int, int],
    ):
        self._shape, self._numbers, self._others = shape, numbers, others
        self._places = places  # of metrics in the table -> among the numbers

    def metric(self, place: int) -> float | None:
        """The value of a metric, by its place in the table."""
        own = self._places.get(place)
        if own is None:
            return None
        value = self._numbers[own]
        return None if value != value else value

    def __getitem__(self, key: str) -> Any:
        return self._value(self._shape[key])

    def get(self, key: str, default: Any = None) -> Any:
        entry = self._shape.get(key)
        return default if entry is None else self._value(entry)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shape)

    def __len__(self) -> int:
        return len(self._shape)

    def __contains__(self, key: object) -> bool:
        return key in self._shape

    def _value(self, entry: tuple[int, Any]) -> Any:
        kind, place = entry
        if kind == OTHER:
            return self._others[place]
        if kind == NESTED:
            return {key: self._value(own) for key, own in place.items()}
        number = self._numbers[place]
        return int(number) if kind == WHOLE else number


class Compactor:
    """Makes them; one for a run, so that they share what is equal."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[Any, ...], tuple[Shape, list[Read], dict[int, int]]] = {}
        self._equal: dict[Any, Any] = {}
        self._histograms: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 1])

    def compact(self, sample: dict[str, Any]) -> CompactSample:
        numbers: list[float] = []
        others: list[Any] = []
        self._thin(sample)
        mark = self._take_in(sample, numbers, others)
        known = self._shapes.get(mark)
        if known is None:
            known = self._shapes[mark] = _shape(mark, [0, 0]), *_readable(sample, len(numbers))
        shape, reads, places = known
        for read in reads:
            value = read(sample)
            numbers.append(math.nan if value is None else value)
        return CompactSample(shape, array("d", numbers), tuple(others), places)

    def _take_in(self, part: dict[str, Any], numbers: list[float], others: list[Any]) -> Any:
        mark: list[Any] = []
        for key, value in part.items():
            kind = type(value)
            if kind is int and -EXACT < value < EXACT:
                mark.append((key, WHOLE))
                numbers.append(value)
            elif kind is float:
                mark.append((key, NUMBER))
                numbers.append(value)
            elif kind is dict and value and key != "params":
                mark.append((key, self._take_in(value, numbers, others)))
            else:
                mark.append((key, None if value is None else OTHER))
                others.append(self._shared(value))
        return tuple(mark)

    def _shared(self, value: Any) -> Any:
        """The first of all that are equal to it; nobody changes a sample that was read."""
        if isinstance(value, str):
            return sys.intern(value) if len(value) < 200 else value
        if isinstance(value, (dict, list)):
            return self._equal.setdefault(repr(value), value)
        return value

    def _thin(self, sample: dict[str, Any]) -> None:
        latency = sample.get("latency")
        if not isinstance(latency, dict) or "hdr" not in latency:
            return
        own = self._histograms[
            *(sample.get(name) for name in ("model", "variant", "workload", "workers")),
            repr(sample["params"]),
        ]
        count, step = own
        if count % step:
            latency["hdr"] = None
        own[0] += 1
        if own[0] >= 2 * KEPT * step:
            own[1] *= 2


def _readable(sample: Mapping[str, Any], first: int) -> tuple[list[Read], dict[int, int]]:
    """The metrics that a sample of this shape may have, and where they follow its own numbers."""
    present = {key for key, value in sample.items() if value is not None}
    found = [
        (place, metric.read)
        for place, metric in enumerate(METRIC.values())
        if formula.required(metric.formula) <= present
    ]
    places = {place: first + number for number, (place, _) in enumerate(found)}
    return [read for _, read in found], places


def _shape(mark: tuple[Any, ...], next_place: list[int]) -> Shape:
    found: Shape = {}
    for key, kind in mark:
        key = sys.intern(key)
        if isinstance(kind, tuple):
            found[key] = (NESTED, _shape(kind, next_place))
        else:
            array_of = 0 if kind in (WHOLE, NUMBER) else 1
            found[key] = (OTHER if kind is None else kind, next_place[array_of])
            next_place[array_of] += 1
    return found
