# SPDX-License-Identifier: MIT
"""JSON from a file that somebody may have damaged or made up: what it gives can be counted, written
and shown.

Stricter than Python's own reader, as I-JSON is (RFC 7493): no NaN, no number beyond 64 bits or
beyond a double, no half of a surrogate pair, no nesting that exhausts the stack. Each of them is
a ValueError, as bad syntax is."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MOST_INTEGER = 2**64
# Almost no text has one of these, and all others need no second look. An exponent follows a digit.
NUMBERS = re.compile(r"\d(?:\d{18}|[eE]\+?\d{3})")
ESCAPES = re.compile(r"\\u[dD][89a-fA-F]")
SURROGATES = re.compile(r"[\ud800-\udfff]")


def parse(text: str | bytes) -> Any:
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _is_suspicious(text):
        _look_at(value)
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


DECODER = json.JSONDecoder(parse_constant=_no_number)


def _is_suspicious(text: str) -> bool:
    return bool(
        NUMBERS.search(text)
        or ("\\u" in text and ESCAPES.search(text))
        or (not text.isascii() and SURROGATES.search(text))
    )


def _look_at(value: Any) -> None:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one
        elif isinstance(one, str):
            one.encode("utf-8")  # UnicodeEncodeError is a ValueError
        elif isinstance(one, int) and abs(one) >= MOST_INTEGER:
            raise ValueError(f"a number of {len(str(abs(one)))} digits")
        elif isinstance(one, float) and not math.isfinite(one):
            raise ValueError("a number beyond the range of a double")
