# SPDX-License-Identifier: MIT
"""The rooms of scripts/yard: who may import whom, one subject a module, functions that fit on a
screen, and numbers that are formatted in one place."""

import ast
import collections
import re

# A package may import those of a lower layer and itself.
LAYERS = {
    "cache": 0,
    "errors": 0,
    "importing": 1,
    "data": 1,
    "stats": 2,
    "link": 2,
    "text": 3,
    "engine": 4,
    "doctor": 5,
    "report": 5,
    "gate": 5,
    "learn": 5,
    "fleet": 6,
    "site": 7,
    "cli": 8,
    "__main__": 9,
}
# The tables of bench/facts as Python reads them: below every layer.
TABLES = {"yard.data.facts"}
MOST_LINES, MOST_PARAMETERS = 60, 7
# A command is named after what is typed; the subject beside it then has another name.
MAY_BE_TWICE = {"__init__", "main"}
NUMBER = set("eEfFgG%")
PERCENT_NUMBER = re.compile(r"%[-+ #0]*[0-9*]*(\.[0-9*]+)?[eEfFgG]")
BRACES_NUMBER = re.compile(r"\{[^{}:]*:[^{}]*[eEfFgG%]\}")


def modules(root):
    """name -> (path, tree) of each module, named as it is imported."""
    found = {}
    for path in sorted((root / "scripts" / "yard").rglob("*.py")):
        parts = path.relative_to(root / "scripts").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = (path.relative_to(root), ast.parse(path.read_text(encoding="utf-8")))
    return found


def imported(name, tree, known):
    """(line, module of the package) of every import, those inside of functions as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [
                f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}" in known
                else node.module
                for alias in node.names
            ]
        else:
            continue
        for found in names:
            if found in known and found not in ("yard", name):
                yield node.lineno, found


def check_layers(found):
    for name, (path, tree) in found.items():
        own = name.split(".")[1] if "." in name else ""
        if own and own not in LAYERS:
            yield f"{path}:1: the package {own} has no layer in this test"
            continue
        for line, other in imported(name, tree, found):
            room = other.split(".")[1]
            if other in TABLES:
                continue
            if own and room != own and LAYERS.get(room, 99) >= LAYERS[own]:
                yield f"{path}:{line}: {own} may not import {room}"


def check_circles(found):
    graph = {n: [o for _, o in imported(n, tree, found)] for n, (_, tree) in found.items()}
    done = set()

    def walk(name, way):
        if name in way:
            yield f"{found[name][0]}:1: imports in a circle: {' -> '.join([*way[way.index(name):], name])}"
        elif name not in done:
            for other in graph[name]:
                yield from walk(other, [*way, name])
            done.add(name)

    for name in graph:
        yield from walk(name, [])


def check_names(found):
    by_stem = collections.defaultdict(list)
    for path, _ in found.values():
        by_stem[path.stem].append(path)
    for stem, paths in by_stem.items():
        if len(paths) > 1 and stem not in MAY_BE_TWICE:
            yield f"{paths[1]}:1: a second module {stem}, beside {paths[0]}"


def constant(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def formats_a_number(node):
    """f"{x:.1f}", format(x, ".1f"), "%.1f" % x and "{:.1f}".format(x)."""
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        return constant(node.format_spec.values[-1])[-1:] in NUMBER
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return PERCENT_NUMBER.search(constant(node.left)) is not None
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return BRACES_NUMBER.search(constant(node.func.value)) is not None
    is_format = isinstance(node.func, ast.Name) and node.func.id == "format"
    return is_format and len(node.args) > 1 and constant(node.args[1])[-1:] in NUMBER


def check_numbers(found):
    for name, (path, tree) in found.items():
        if name.startswith("yard.text"):
            continue
        for node in ast.walk(tree):
            if formats_a_number(node):
                yield f"{path}:{node.lineno}: formats a number; only yard/text does"


def check_functions(path, tree):
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        lines = node.end_lineno - node.lineno + 1
        if lines > MOST_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {lines} lines, {MOST_LINES} are allowed"
        given = node.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > MOST_PARAMETERS:
            yield (
                f"{path}:{node.lineno}: {node.name} has {count} parameters, "
                f"{MOST_PARAMETERS} are allowed"
            )


def findings(root):
    found = modules(root)
    for check in (check_layers, check_circles, check_names, check_numbers):
        yield from check(found)
    for path, tree in found.values():
        yield from check_functions(path, tree)
