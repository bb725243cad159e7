# SPDX-License-Identifier: MIT
"""switchyard new: a model or a workload that builds and is right from the first minute, to be rewritten piece by piece.

A scaffold does honest work: the new model has one cell, done one after another, and declines the rest as not written
yet; the new worker in another language has one cell; the new workload is a small job with its oracle, one cell in
`serial`, declined elsewhere. Files that exist are never touched; tables get their lines where a reader would put them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable

from yard.errors import UsageError

TEMPLATES = Path(__file__).resolve().parent
NOT_YET = "not written yet"
WORDS = {
    "and",
    "or",
    "not",
    "class",
    "int",
    "new",
    "delete",
    "default",
    "operator",
    "template",
    "this",
    "using",
    "namespace",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "const",
    "do",
    "double",
    "else",
    "enum",
    "float",
    "for",
    "if",
    "inline",
    "long",
    "private",
    "public",
    "return",
    "short",
    "static",
    "struct",
    "switch",
    "throw",
    "true",
    "false",
    "try",
    "union",
    "void",
    "while",
    "std",
    "contract",
    "kernel",
    "oracle",
    "cell",
}


def _checked(name: str, taken: Iterable[Path]) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or name in WORDS:
        raise UsageError(
            f"'{name}' is no name here: small letters, digits and single underscores, no word of C++, such as strand"
        )
    for path in taken:
        if path.exists():
            raise UsageError(f"{path} exists already; choose another name")
    return name


def _filled(template: str, **values: str) -> str:
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _insert(file: Path, before: str, line: str) -> Path:
    """`line` before the first line that matches; a table that looks otherwise is left alone, and said."""
    text = file.read_text(encoding="utf-8")
    found = re.search(before, text, re.MULTILINE)
    if found is None:
        raise UsageError(
            f"{file} does not look as expected: no line matches {before!r}; add by hand: {line.strip()}"
        )
    file.write_text(text[: found.start()] + line + text[found.start() :], encoding="utf-8")
    return file


def workloads(root: Path) -> list[str]:
    """Every workload of the suite but those by which it measures itself: a contract each."""
    contracts = sorted((root / "bench/contract/workloads").glob("*.hpp"))
    return [
        file.stem for file in contracts if "group::self" not in file.read_text(encoding="utf-8")
    ]


def model(root: Path, name: str) -> list[Path]:
    folder = root / "impl" / name
    _checked(name, [folder])
    declined = "\n".join(
        f'        declined("{workload}", "{NOT_YET}"),'
        for workload in workloads(root)
        if workload != "hash_blocks"
    )
    made = [
        _write(folder / file, _filled(f"model/{file}.in", name=name, declined=declined))
        for file in ("CMakeLists.txt", "model.cpp", "cells.hpp", "hash_blocks.cpp", "NOTES.md")
    ]
    return made


# What --lang calls it -> its folder here and its name in a sentence.
LANGUAGES = {
    "python": ("python", "Python"),
    "rust": ("rust", "Rust"),
    "go": ("go", "Go"),
    "c++": ("cpp", "C++"),
}


def foreign(root: Path, name: str, language: str) -> list[Path]:
    """A worker: docs/worker-protocol.md."""
    folder = root / "impl" / name
    _checked(name, [folder])
    templates, spoken = LANGUAGES[language]
    made = []
    for template in sorted((TEMPLATES / "foreign" / templates).glob("*.in")):
        relative = template.relative_to(TEMPLATES)
        file = _write(folder / template.name[: -len(".in")], _filled(str(relative), name=name))
        file.chmod(0o755 if file.read_text(encoding="utf-8").startswith("#!") else 0o644)
        made.append(file)
    notes = _filled("foreign/NOTES.md.in", name=name, language=spoken)
    return [*made, _write(folder / "NOTES.md", notes)]


def workload(root: Path, name: str) -> list[Path]:
    contract, oracle = (
        root / f"bench/contract/workloads/{name}.hpp",
        root / f"bench/oracle/{name}.cpp",
    )
    cell = root / f"impl/serial/{name}.cpp"
    _checked(name, [contract, oracle, cell])
    made = [
        _write(contract, _filled("workload/contract.hpp.in", name=name)),
        _write(oracle, _filled("workload/oracle.cpp.in", name=name)),
        _write(cell, _filled("workload/serial.cpp.in", name=name)),
    ]
    cells = root / "impl/serial/cells.hpp"
    _insert(cells, r"^\nnamespace serial \{", f'#include "contract/workloads/{name}.hpp"\n')
    _insert(
        cells, r"^\n\} // namespace serial", f"contract::maker<contract::{name}> make_{name};\n"
    )
    tables = sorted(root.glob("impl/*/model.cpp"))
    for table in tables:
        own = table.parent.name == "serial"
        line = (
            f"supports<{name}>(serial::make_{name})" if own else f'declined("{name}", "{NOT_YET}")'
        )
        _insert(table, r"^    \};$", f"        {line},\n")
    return [*made, cells, *tables]
