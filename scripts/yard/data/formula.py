# SPDX-License-Identifier: MIT
"""Formulas over the fields of a sample, as the table of metrics writes them: numbers, `a.b` and `a[-1]` into objects and
lists, + - * /, and `x or 0` for a null that is none. Everything else that is null, and a division by zero, is null."""

from __future__ import annotations

import ast
import operator
from typing import Any, Callable, Iterator, Mapping, Optional

Read = Callable[[Mapping[str, Any]], Any]
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def compiled(text: str) -> Callable[[Mapping[str, Any]], Optional[float]]:
    """A function from a sample to a number or None. Throws ValueError for what is no formula."""
    read = _read(ast.parse(text, mode="eval").body, text)
    return lambda sample: _number(read(sample))


def required(text: str) -> set[str]:
    """The fields of a sample without which a formula has no value."""
    return set(_required(ast.parse(text, mode="eval").body))


def _required(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif not isinstance(node, ast.BoolOp):
        for part in ast.iter_child_nodes(node):
            yield from _required(part)


def names(text: str) -> set[str]:
    """The fields of a sample, and of the objects in it, that a formula reads."""
    nodes = list(ast.walk(ast.parse(text, mode="eval")))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def _number(value: Any) -> Optional[float]:
    kind = type(value)
    return float(value) if kind is int or kind is float else None


def _read(node: ast.expr, text: str) -> Read:
    if isinstance(node, ast.Name):
        name = node.id
        return lambda sample: sample.get(name)
    if isinstance(node, ast.Constant):
        constant = node.value
        return lambda sample: constant
    if isinstance(node, ast.Attribute):
        return _part(_read(node.value, text), node.attr)
    if isinstance(node, ast.Subscript):
        return _item(_read(node.value, text), int(ast.literal_eval(node.slice)))
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _first([_read(value, text) for value in node.values])
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return _both(OPERATORS[type(node.op)], _read(node.left, text), _read(node.right, text))
    raise ValueError(f"no formula: {text}")


def _part(outer: Read, name: str) -> Read:
    def read(sample: Mapping[str, Any]) -> Any:
        found = outer(sample)
        return found.get(name) if isinstance(found, Mapping) else None

    return read


def _item(outer: Read, index: int) -> Read:
    def read(sample: Mapping[str, Any]) -> Any:
        found = outer(sample)
        return found[index] if isinstance(found, list) and found else None

    return read


def _first(choices: list[Read]) -> Read:
    def read(sample: Mapping[str, Any]) -> Any:
        found = (_number(choice(sample)) for choice in choices)
        return next((value for value in found if value is not None), None)

    return read


def _both(combine: Callable[[float, float], float], left: Read, right: Read) -> Read:
    def read(sample: Mapping[str, Any]) -> Optional[float]:
        a, b = _number(left(sample)), _number(right(sample))
        if a is None or b is None or (combine is operator.truediv and b == 0):
            return None
        return combine(a, b)

    return read
