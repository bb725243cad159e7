# SPDX-License-Identifier: MIT
"""A schema as a function that says at once of most values that they obey it.

It never says so of a value that does not; of the others `jsonschema` has the word, which takes a millisecond
for a line of samples and knows how to explain what is wrong."""

from __future__ import annotations

from typing import Any, Callable, Mapping

Check = Callable[[Any], bool]
KNOWN = {
    "$schema", "title", "description", "type", "enum", "const", "minimum", "maximum",
    "minLength", "required", "properties", "additionalProperties", "items",
}  # fmt: skip
TYPES: Mapping[str, type] = {
    "integer": int,  # 1.0 is one as well; that is left to jsonschema
    "string": str,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def compiled(schema: Mapping[str, Any]) -> Check:
    """Of a schema with a keyword that is not known here it never says yes."""
    if "if" in schema and "then" in schema and not set(schema) - KNOWN - {"if", "then"}:
        return _conditional(schema)
    if set(schema) - KNOWN:
        return lambda value: False
    if "const" in schema or "enum" in schema:
        allowed = schema["enum"] if "enum" in schema else [schema["const"]]
        return lambda value: any(type(value) is type(one) and value == one for one in allowed)
    given = schema.get("type", [])
    names = [given] if isinstance(given, str) else list(given)
    by_type: dict[type, Check | None] = {}
    for name in names:
        if name == "number":
            by_type[int] = by_type[float] = _of_type("number", schema)
        else:
            by_type[TYPES[name]] = _of_type(name, schema)
    if not names:
        return lambda value: False

    def check(value: Any) -> bool:
        try:
            own = by_type[type(value)]
        except KeyError:
            return False
        return own is None or own(value)

    return check


def _conditional(schema: Mapping[str, Any]) -> Check:
    """Whatever the condition is: a value that obeys both parts obeys. One for which the condition is
    sure to fail obeys the rest alone."""
    plain = compiled({key: own for key, own in schema.items() if key not in ("if", "then")})
    then = compiled({"type": "object", **schema["then"]})
    return lambda value: plain(value) and (_surely_fails(schema["if"], value) or then(value))


def _surely_fails(condition: Mapping[str, Any], value: Any) -> bool:
    """Of a condition that names the values of a property."""
    if not isinstance(value, dict):
        return False
    for key, own in condition.get("properties", {}).items():
        allowed = own.get("enum", [own["const"]] if "const" in own else None)
        if allowed is not None and key in value and value[key] not in allowed:
            return True
    return False


def _of_type(name: str, schema: Mapping[str, Any]) -> Check | None:
    """What more a value of this type must obey; None if nothing."""
    if name in ("integer", "number"):
        least, most = schema.get("minimum"), schema.get("maximum")
        if least is None and most is None:
            return None
        return lambda value: (least is None or value >= least) and (most is None or value <= most)
    if name == "string":
        length = schema.get("minLength", 0)
        return (lambda value: len(value) >= length) if length else None
    if name == "array" and "items" in schema:
        item = compiled(schema["items"])
        return lambda value: all(map(item, value))
    return _of_object(schema) if name == "object" else None


def _of_object(schema: Mapping[str, Any]) -> Check:
    properties = {key: compiled(own) for key, own in schema.get("properties", {}).items()}
    required = tuple(schema.get("required", ()))
    rest = schema.get("additionalProperties", True)
    other: Check = compiled(rest) if isinstance(rest, Mapping) else (lambda value: bool(rest))

    def check(value: dict[str, Any]) -> bool:
        for key in required:
            if key not in value:
                return False
        for key, own in value.items():
            if not properties.get(key, other)(own):
                return False
        return True

    return check
