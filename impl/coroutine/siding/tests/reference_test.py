#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public name of the headers is in the reference, and every test that the semantics table names
exists.   reference_test.py FOLDER_OF_SIDING"""

import pathlib
import re
import sys

# What a user never writes: the compiler's or the library's own business.
INTERNAL = {
    "promise",
    "operator",
    "of_this_thread",
    "core",
    "release_frame",
    "frame",
    "release",
    "begin",
    "end",
    "get",
    "value_type",
    "exceptions",
    "value",
    "hash",
    "real",
    "use",
    "co_await",
    "decltype",
    "std",
    "advance",
    "job",
    "submit",
    "await_resume",
    "of_",
    "iterator",
    "promise_type",
}
AFTER_AWAITERS = "// -- For awaiters"
NAMESPACE = re.compile(r"^(?:inline )?namespace ([\w:]*) ?\{$")
CLASS = re.compile(
    r"^(enum class|class|struct)\b(?: \[\[\w+\]\]| SIDING_DETAIL_\w+)? (\w+)(?: final)?[^;()]*\{$"
)
ALIAS = re.compile(r"^(?:using (\w+) =|concept (\w+) =|inline constexpr [\w:<>]+ (\w+)[{ ;])")
FUNCTION = re.compile(
    r"^(?!return|static_assert|explicit|friend|using|~)(?:[\w:<>&*, \[\]]+[ &*])(\w+)\("
)


def public_names(text):
    """Names at namespace scope outside of detail, and public member functions of classes."""
    text = re.sub(r"//(?! -- For awaiters).*", "", text)
    depth = 0
    scopes = []  # (depth at which it was opened, kind, is public)
    for line in text.splitlines():
        stripped = line.strip()
        if AFTER_AWAITERS in stripped and scopes:
            scopes[-1][2] = False
        visible = all(scope[2] for scope in scopes) and depth == len(scopes)
        opened = CLASS.match(stripped)
        if (
            stripped in ("public:", "private:", "protected:")
            and scopes
            and depth == scopes[-1][0] + 1
        ):
            scopes[-1][2] = stripped == "public:" and scopes[-1][1] != "hidden"
        found = NAMESPACE.match(stripped)
        if found:
            hidden = "detail" in found.group(1) or found.group(1) in ("", "std")
            scopes.append([depth, "namespace", not hidden and "sys" not in found.group(1)])
        elif opened:
            if visible and not opened.group(2).endswith("_awaiter"):
                yield opened.group(2)
            hidden = opened.group(2) == "promise" or opened.group(2).endswith("_awaiter")
            scopes.append(
                [depth, "hidden" if hidden else "class", opened.group(1) == "struct" and not hidden]
            )
        elif visible:
            plain = re.sub(
                r"^(?:template <[^{]*>|\[\[nodiscard\]\]|static|inline|virtual|constexpr)\s+",
                "",
                re.sub(r"\[\[nodiscard\]\] ?", "", stripped),
            )
            plain = re.sub(r"^(?:static |inline |virtual |constexpr )+", "", plain)
            alias = ALIAS.match(stripped)
            function = FUNCTION.match(plain)
            if alias:
                yield next(name for name in alias.groups() if name)
            elif function:
                yield function.group(1)
        depth += line.count("{") - line.count("}")
        while scopes and depth <= scopes[-1][0]:
            scopes.pop()


def missing_names(root):
    pages = " ".join(page.read_text() for page in sorted((root / "docs").glob("reference*.md")))
    words = set(re.findall(r"\w+", pages))
    found = 0
    for header in sorted((root / "include").rglob("*.hpp")):
        if "detail" in header.parts:
            continue
        for name in sorted(set(public_names(header.read_text())) - INTERNAL):
            found += 1
            if name not in words:
                yield f"{header.relative_to(root)}: {name} is not in the reference"
    if found < 150:
        yield f"only {found} public names were found: the search itself is broken"


def missing_tests(root):
    tests = "\n".join(file.read_text() for file in (root / "tests").rglob("*_test.cpp"))
    names = {
        f"{suite}.{name}"
        for suite, name in re.findall(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", tests)
    }
    names |= {
        "siding." + name
        for name in re.findall(
            r"add_test\(NAME siding\.(\w+)", (root / "tests/CMakeLists.txt").read_text()
        )
    }
    names |= {
        file.relative_to(root / "tests").as_posix()
        for file in (root / "tests/differential").rglob("*")
        if file.is_file()
    }
    rows = 0
    for line in (root / "docs/semantics.md").read_text().splitlines():
        if not line.startswith("| ") or line.startswith("| ---") or line.startswith("| asyncio"):
            continue
        rows += 1
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        named = re.findall(r"`([^`]+)`", cells[-1])
        if not named:
            yield f"docs/semantics.md: no test for {cells[0]}"
        for test in named:
            if test not in names:
                yield f"docs/semantics.md: there is no test {test} ({cells[0]})"
    if rows < 25:
        yield f"docs/semantics.md: only {rows} rows"


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = [*missing_names(root), *missing_tests(root)]
    print(
        "\n".join(wrong) or "every public name is in the reference, every test of the table exists"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
