# SPDX-License-Identifier: MIT
"""What a format of benchmark output has to say of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.gate.reading import Failed, Reading
from yard.text.outside import readable

ONLY = "command"  # the scenario of an output that knows one, whatever each side calls it
TIME_S = {"ns": 1e-9, "us": 1e-6, "μs": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


class Malformed(Failed):
    """An output that is not what its format says. `line` counts from 1; 0: nothing in
    particular."""

    def __init__(self, title: str, line: int, reason: str, remedy: str):
        self.title, self.line, self.reason, self.remedy = title, line, reason, remedy
        super().__init__(self.text("output"))

    def text(self, file: str) -> str:
        place = f"{file}:{self.line}" if self.line else file
        return f"{place}: no proper {self.title}: {readable(self.reason)}; {self.remedy}"


@dataclass(frozen=True)
class Invocation:
    """How a command is started so that what it measured can be read: from standard output unless
    `output` is set."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None


class Format:
    """One format. `judged`: the metrics that count without --metric, all if it is empty."""

    name = ""
    title = ""
    judged: tuple[str, ...] = ()
    always: tuple[str, ...] = ()  # metrics that every scenario has
    units: Mapping[str, str] = {}
    one_at_a_time = False

    def recognises(self, text: str) -> bool:
        """Is this its output? Decided from the content alone."""
        raise NotImplementedError

    def starts(self, words: Sequence[str]) -> bool:
        """Is this a command line of its tool?"""
        return False

    def more(self, metric: str) -> bool:
        """Is more of it better?"""
        return metric.endswith("/s") or metric.endswith("_per_second")

    def listing(self, words: Sequence[str], scratch: Path) -> Invocation:
        """Asks a tool that runs one benchmark at a time for all that there are."""
        raise NotImplementedError

    def names(self, text: str) -> list[str]:
        """What can be asked for, those that fail included: their failure is judged like any."""
        return self.read(text).scenarios

    def whole(self, words: Sequence[str], scratch: Path, slot_s: float) -> Invocation:
        return Invocation(words)

    def one(self, words: Sequence[str], scenario: str, scratch: Path, slot_s: float) -> Invocation:
        raise NotImplementedError

    def text(self, invocation: Invocation, stdout: str) -> str:
        """The output, wherever it lies. A folder's is gathered by the format itself."""
        if invocation.output is None:
            return stdout
        try:
            return invocation.output.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            raise Malformed(
                self.title, 0, "the command wrote none", "run it by hand and see what it does"
            ) from None

    def read(self, text: str) -> Reading:
        """A value that is no measurement is noted in the reading; an output without structure is
        Malformed."""
        raise NotImplementedError


def has_flag(words: Sequence[str], *flags: str) -> bool:
    """Is one of them there, as a word of its own or with =value?"""
    return any(word.partition("=")[0] in flags for word in words)


def program_at(words: Sequence[str], program: str, second: str = "") -> int:
    """Where `program` is called (`env -C folder go test`), -1 if nowhere; `second` is the word
    that follows it."""
    for place, word in enumerate(words):
        if word.rpartition("/")[2] == program:
            if not second or second in words[place + 1 : place + 3]:
                return place
    return -1


def parsed(title: str, text: str, remedy: str) -> Any:
    """JSON, with the line at which it is none. What is printed before the first bracket is the
    program's own."""
    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        raise Malformed(title, 0, "there is no JSON in it", remedy)
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError as error:
        line = text.count("\n", 0, start) + getattr(error, "lineno", 1)
        raise Malformed(title, line, getattr(error, "msg", str(error)), remedy) from None
    except RecursionError:
        raise Malformed(title, 0, "it is nested too deeply", remedy) from None
    return value


def begins_with(text: str, key: str, kind: type) -> bool:
    """Is it a JSON object with this field?"""
    try:
        value = parsed("", text, "")
    except Failed:
        return False
    return isinstance(value, dict) and isinstance(value.get(key), kind)


def line_of(text: str, needle: str) -> int:
    """The line in which a string of JSON stands, 0 if it is written otherwise."""
    place = text.find(json.dumps(needle, ensure_ascii=False))
    return text.count("\n", 0, place) + 1 if place >= 0 else 0
