#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the two sides of the treaty apart: who may include what, what a model may not do, and how
long a function may be. Run with the root of the project."""

import argparse
import pathlib
import re
import sys

import function_length
import yard_layers

SOURCES = {".cpp", ".hpp"}

# First part of a quoted include -> who may use it under bench/.
BENCH_MAY_INCLUDE = {
    "contract": {"contract"},
    "kernel": {"contract", "kernel"},
    "histogram": {"facts", "histogram"},
    "oracle": {"contract", "facts", "kernel", "oracle"},
    "facts": {"facts"},
    "proc": {"contract", "facts", "proc"},
    "agent": {"agent", "facts", "proc"},
    "rig": {"agent", "contract", "facts", "kernel", "oracle", "proc", "rig"},
    "remote": {"contract", "oracle", "proc", "remote"},
    "cell": {
        "agent",
        "cell",
        "contract",
        "count",
        "facts",
        "histogram",
        "kernel",
        "oracle",
        "proc",
        "rig",
    },
    "client": {"agent", "client", "facts", "histogram", "kernel", "proc"},
    "backend": {"backend", "client", "facts", "histogram", "kernel", "proc"},
    "postgres": {"contract", "postgres"},
    "pulse": {"facts", "proc", "pulse"},
    "database": {"database", "facts", "kernel", "postgres"},
    "self": {"contract", "kernel"},
    "count": {"count", "facts"},
}
STANDARD_ONLY = {"contract", "kernel"}
MODEL_MAY_INCLUDE = {"contract", "kernel", "postgres"}

# Timers that the models write themselves compare a deadline with the time: none of these measures.
OWN_TIMERS = {
    "impl/floor/posix.hpp",
    "impl/process/deadline.hpp",
    "impl/serial/deadline.hpp",
    "impl/thread/deadline.hpp",
    "impl/process/waits_pool.cpp",
    "impl/fiber/epoll_scheduler.hpp",
    "impl/process/timer_heap.hpp",
    "impl/thread/timer_heap.hpp",
    "impl/thread/timer_queue.hpp",
    "impl/thread/waits_pool.cpp",
}
# sleep(0) is asyncio's word for giving way, which is the work there: it sets no timer.
GIVES_WAY = {"impl/coroutine/yield.cpp"}
# Only time, or a peer that leaves, gives a server descriptors that it lacks.
WAITS_FOR_DESCRIPTORS = {"impl/coroutine/out_of_descriptors.hpp", "impl/fiber/socket.hpp"}
MAY_SLEEP = OWN_TIMERS | GIVES_WAY | WAITS_FOR_DESCRIPTORS
WAITING_IS_THE_WORK = re.compile(r"^(fetch_data|waits|cancel|delay)")

FORBIDDEN = [
    (
        re.compile(r"_clock\s*::\s*now|\bclock_gettime\s*\(|\bgettimeofday\s*\(|\brdtsc"),
        "reads a clock",
        lambda path: str(path) in OWN_TIMERS,
    ),
    (
        re.compile(
            r"\bstd::(cout|cerr|clog|print)\b|\b(printf|fprintf|puts|putchar|perror)\s*\("
            r"|\bfmt::print|\bSTD(OUT|ERR)_FILENO"
        ),
        "prints",
        lambda path: False,
    ),
    (re.compile(r"\bgetenv\b|\bargv\b|\bargc\b"), "reads its surroundings", lambda path: False),
    (
        re.compile(r"\bsleep_(for|until)\s*\(|\b(u|nano|clock_nano)?sleep\s*\("),
        "sleeps",
        lambda path: bool(WAITING_IS_THE_WORK.match(path.name)) or str(path) in MAY_SLEEP,
    ),
    (
        re.compile(r"\b(std::)?j?thread\b[^;\n]*\.\s*detach\s*\("),
        "detaches a thread",
        lambda path: False,
    ),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
CATCH_ALL = re.compile(r"catch\s*\(\s*\.\.\.\s*\)")
PASSES_IT_ON = re.compile(
    r"\bthrow\b|current_exception|\b_exit\b|terminate|\babort\b|raise_|" r"unhandled_exception"
)


def without_comments(text):
    """Comments and string literals blanked, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)

    def blank(match):
        found = match.group(0)
        if found.startswith('"'):
            return '""'
        return "\n" * found.count("\n")

    return pattern.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check_shape(path, text):
    if not text.startswith("// SPDX-License-Identifier: MIT\n"):
        yield f"{path}:1: does not begin with the licence line"
    if path.suffix == ".hpp" and "#pragma once" not in text:
        yield f"{path}:1: a header without #pragma once"
    yield from function_length.findings(path, text)


def check_names(path, text):
    """A pronoun says nothing of what it stands for; `at` and `what` are members of std's types."""
    code = without_comments(text)
    for match in re.finditer(r"(?<![\w.>:])(at|told|what|where)\b(?!\s*\()", code):
        line = line_of(code, match.start())
        yield f"{path}:{line}: '{match[0]}' is a name; call it by a noun"


def check_bench_includes(path, text):
    part = path.parts[1]
    allowed = BENCH_MAY_INCLUDE.get(part)
    if allowed is None:
        yield f"{path}:1: the folder bench/{part} has no rule in this test"
        return
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        place = f"{path}:{line_of(text, match.start())}"
        if quote == '"' and name.split("/")[0] not in allowed:
            yield f"{place}: bench/{part} may not include {name}"
        if "impl/" in name:
            yield f"{place}: the harness includes a model: {name}"
        # A kernel may wrap a library; its header hides which.
        if part == "kernel" and path.suffix == ".cpp":
            continue
        if (
            quote == "<"
            and part in STANDARD_ONLY
            and re.match(r"(boost|fmt|nlohmann|CLI|benchmark|gtest|uv)\b", name)
        ):
            yield f"{place}: bench/{part} takes the standard library only, not {name}"


def check_model_includes(root, path, text):
    model = path.parts[1]
    own = {file.name for file in (root / "impl" / model).glob("*.hpp")}
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        place = f"{path}:{line_of(text, match.start())}"
        first = name.split("/")[0]
        if (
            quote == '"'
            and first not in MODEL_MAY_INCLUDE
            and name not in own
            and not (model == "coroutine" and first == "siding")
        ):
            yield f"{place}: a model may not include {name}"
        if quote == "<" and re.match(r"(fmt|nlohmann|CLI|benchmark|gtest)\b", name):
            yield f"{place}: {name} belongs to the harness"


def check_model_deeds(path, text):
    code = without_comments(text)
    for pattern, deed, is_allowed in FORBIDDEN:
        if is_allowed(path):
            continue
        for match in pattern.finditer(code):
            yield f"{path}:{line_of(code, match.start())}: a model never {deed}"
    for match in CATCH_ALL.finditer(code):
        after = "\n".join(code[match.end() :].splitlines()[:9])
        if not PASSES_IT_ON.search(after):
            yield (f"{path}:{line_of(code, match.start())}: " "catches everything and tells nobody")


def is_foreign(root, model):
    """A worker in another language is held by its protocol, and stands outside the treaty."""
    rules = root / "impl" / model / "CMakeLists.txt"
    return rules.exists() and "add_foreign_model(" in rules.read_text()


def findings(root):
    for top in ("bench", "impl", "tests"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES or {"build", "broken"} & set(
                file.relative_to(root).parts
            ):
                continue
            path = file.relative_to(root)
            text = file.read_text()
            yield from check_shape(path, text)
            yield from check_names(path, text)
            if top == "bench":
                yield from check_bench_includes(path, text)
            if top == "impl" and is_foreign(root, path.parts[1]):
                continue
            # The coroutine library is no model: it stands alone.
            if top == "impl" and path.parts[2] != "siding":
                yield from check_model_includes(root, path, text)
                yield from check_model_deeds(path, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=pathlib.Path)
    root = parser.parse_args().root
    found = [*findings(root), *yard_layers.findings(root)]
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
