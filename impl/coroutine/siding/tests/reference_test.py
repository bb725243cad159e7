#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public name of the headers is in the reference, every test that the semantics table names
exists, whatever can be awaited is tested to end before those who await it, and no text is cut at a
NUL.   reference_test.py FOLDER_OF_SIDING"""

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


# Coroutines that wait for nothing but what has a subject: streams, descriptors, threads, futures.
COMPOSED = {
    "open_tls_connection",
    "start_tls",
    "getnameinfo",
    "recv_from",
    "send_to",
    "sendfile",
    "sock_sendfile",
    "stop_when",
    "stream_reader.readuntil_any",
    "completion_order.next_future",
}
MEMBER = re.compile(r"^(?:std::\w+<)?detail::[\w:<>]+>?[*&]? (\w+)(?: =|$)")
AWAITABLE = re.compile(
    r"^(?:template <[^{]*?> )?(?:requires\([^{]*?\) )?(?:\[\[nodiscard\]\] )?(?:static |inline )*"
    r"(?P<type>auto|(?:coroutine|sleeping)<[\w:<>, .&]*>)\s+(?P<name>\w+)\("
)
AWAITS = (
    r"\b%s\([^;{]*\)[^;{]*\{ return (?:detail::)?\w*(?:_awaiter|\.wait\(\)|acquire\(\)|scoped\(\))"
)


class Scanner:
    """Goes through a header; `visible` yields what a user sees of it."""

    def __init__(self, text):
        self.lines = re.sub(r"//(?! -- For awaiters).*", "", text).splitlines()
        self.depth = 0
        self.scopes = []  # [depth at which it was opened, kind, is public, name]

    def enter(self, stripped, visible):
        if found := NAMESPACE.match(stripped):
            name = found.group(1)
            hidden = "detail" in name or name in ("", "std") or "sys" in name
            self.scopes.append([self.depth, "namespace", not hidden, name])
        elif found := CLASS.match(stripped):
            keyword, name = found.groups()
            hidden = name == "promise" or name.endswith("_awaiter")
            kind = "hidden" if hidden else "class"
            self.scopes.append([self.depth, kind, keyword == "struct" and not hidden, name])

    def change_access(self, stripped):
        if AFTER_AWAITERS in stripped and self.scopes:
            self.scopes[-1][2] = False
        if stripped not in ("public:", "private:", "protected:") or not self.scopes:
            return
        if self.depth == self.scopes[-1][0] + 1:
            self.scopes[-1][2] = stripped == "public:" and self.scopes[-1][1] != "hidden"

    def visible(self):
        """Each line at which a declaration may begin: its number, its text, the class around it."""
        for number, line in enumerate(self.lines):
            stripped = line.strip()
            self.change_access(stripped)
            visible = all(scope[2] for scope in self.scopes) and self.depth == len(self.scopes)
            if visible:
                classes = [scope[3] for scope in self.scopes if scope[1] == "class"]
                yield number, stripped, ".".join(classes)
            self.enter(stripped, visible)
            self.depth += line.count("{") - line.count("}")
            while self.scopes and self.depth <= self.scopes[-1][0]:
                self.scopes.pop()


def public_names(text):
    """Names at namespace scope outside of detail, and public member functions of classes."""
    for _, stripped, _ in Scanner(text).visible():
        opened = CLASS.match(stripped)
        if opened:
            if not opened.group(2).endswith("_awaiter"):
                yield opened.group(2)
            continue
        plain = re.sub(
            r"^(?:template <[^{]*>|\[\[nodiscard\]\]|static|inline|virtual|constexpr)\s+",
            "",
            re.sub(r"\[\[nodiscard\]\] ?", "", stripped),
        )
        plain = re.sub(r"^(?:static |inline |virtual |constexpr )+", "", plain)
        if stripped.startswith(":"):  # an initialiser of a constructor
            continue
        if alias := ALIAS.match(stripped):
            yield next(name for name in alias.groups() if name)
        elif function := FUNCTION.match(plain):
            yield function.group(1)


def awaitable_operations(text):
    """What can be awaited, as `class.name` or `name`."""
    scanner = Scanner(text)
    for number, _, around in scanner.visible():
        declared = " ".join(line.strip() for line in scanner.lines[number : number + 8])
        found = AWAITABLE.match(declared)
        if not found:
            continue
        name = found.group("name")
        if found.group("type") == "auto" and not re.search(AWAITS % name, declared):
            continue
        yield f"{around}.{name}" if around else name


def missing_lifetimes(root):
    """What can be awaited, and no test lets it end before those who await it."""
    subjects = (root / "tests/lifetime/subjects.hpp").read_text()
    lists = re.findall(r"awaits = \{([^}]*)\}", subjects)
    listed = {name for each in lists for name in re.findall(r'"([\w.]+)"', each)}
    found = set()
    for header in public_headers(root):
        found |= set(awaitable_operations(header.read_text()))
    for name in sorted(found - listed - {"ensure_future"} - COMPOSED):
        yield f"{name} can be awaited, and has no subject in tests/lifetime/subjects.hpp"
    if len(found) < 40:
        yield f"only {len(found)} awaitable operations were found: the search itself is broken"


def public_headers(root):
    for header in sorted((root / "include").rglob("*.hpp")):
        if "detail" not in header.parts:
            yield header


def left_out_headers(root):
    """What `#include <siding/siding.hpp>` does not bring, although it says "all"."""
    reached, to_read = set(), [root / "include/siding/siding.hpp"]
    while to_read:
        header = to_read.pop()
        if header not in reached:
            reached.add(header)
            names = re.findall(r'#include "(siding/[\w/]+\.hpp)"', header.read_text())
            to_read += [root / "include" / name for name in names]
    for header in public_headers(root):
        if header not in reached:
            yield f"{header.relative_to(root)} is not in siding/siding.hpp"


def detail_in_signatures(text):
    """Public functions and data members whose parameters or types a user could only write by naming
    `detail`. What a function returns may be computed there, and `explicit` constructors from the
    library's own parts are the library's own."""
    scanner = Scanner(text)
    for number, stripped, around in scanner.visible():
        declared = " ".join(line.strip() for line in scanner.lines[number : number + 8])
        declared = re.split(r"[;{]", declared, maxsplit=1)[0]
        plain = re.sub(
            r"^(?:template <[^{]*?> |\[\[nodiscard\]\] |static |inline |constexpr )+", "", declared
        )
        if (
            not stripped
            or "detail::" not in plain
            or stripped.startswith((":", "requires", "friend", "public:"))
        ):
            continue
        if function := FUNCTION.match(plain):
            parameters = plain[function.end() :].split(") ", 1)[0]
            if function.group(1) not in INTERNAL and "detail::" in parameters.split("=", 1)[0]:
                yield f"{around}.{function.group(1)}"
        elif MEMBER.match(plain):
            yield f"{around}.{MEMBER.match(plain).group(1)}"


def exposed_details(root):
    for header in public_headers(root):
        for name in detail_in_signatures(header.read_text()):
            yield f"{header.relative_to(root)}: {name} makes its users name siding::detail"
    probe = "namespace siding {\nvoid f(detail::x& a);\nstruct s {\n    detail::y b = 1;\n};\n}\n"
    if list(detail_in_signatures(probe)) != [".f", "s.b"]:
        yield "detail_in_signatures does not find what it looks for"


def cut_texts(root):
    """Where text becomes a string of C without a look whether a NUL would cut it."""
    for file in sorted([*(root / "src").rglob("*.?pp"), *(root / "include").rglob("*.hpp")]):
        if file.name != "c_string.hpp" and ".c_str()" in file.read_text():
            yield f"{file.relative_to(root)}: c_str() outside of detail/c_string.hpp"


def missing_names(root):
    pages = " ".join(page.read_text() for page in sorted((root / "docs").glob("reference*.md")))
    words = set(re.findall(r"\w+", pages))
    found = 0
    for header in public_headers(root):
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
    wrong = [
        *missing_names(root),
        *missing_tests(root),
        *missing_lifetimes(root),
        *left_out_headers(root),
        *exposed_details(root),
        *cut_texts(root),
    ]
    print(
        "\n".join(wrong) or "every public name is in the reference, every test of the table exists"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
