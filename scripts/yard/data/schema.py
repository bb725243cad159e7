# SPDX-License-Identifier: MIT
"""The JSON schemas of everything that is written or read between two parts."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yard.data import fast_check, json_text

if TYPE_CHECKING:
    import jsonschema

FOLDER = Path(__file__).parent / "schema"


@functools.lru_cache(maxsize=None)
def validator(name: str) -> jsonschema.Draft202012Validator:
    """`name`: sample, plan, meta or describe."""
    import jsonschema  # a third of a second that most commands do not need

    text = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(text)
    return jsonschema.Draft202012Validator(text)


@functools.lru_cache(maxsize=None)
def obeys_at_once(name: str) -> fast_check.Check:
    return fast_check.compiled(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def violation(name: str, value: Any) -> str:
    """The first thing wrong with `value`, in one line; empty if nothing is."""
    if obeys_at_once(name)(value):
        return ""
    error = next(iter(validator(name).iter_errors(value)), None)
    if error is None:
        return ""
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message}" if place else error.message


def parse_sample(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """A line of samples.jsonl, or None and why it is not one."""
    value, fault = parse_line(line)
    why = fault or violation("sample", value)
    return (None, why) if why else (value, "")


def parse_line(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """The same without a look at the schema."""
    if not line.endswith(b"\n"):
        return None, "the line is cut off"
    try:
        value = json_text.parse(line)
    except ValueError as error:
        return None, f"not JSON: {error}"
    return (value, "") if isinstance(value, dict) else (None, "not a JSON object")
