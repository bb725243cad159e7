# SPDX-License-Identifier: MIT
"""Functions of C++ that are longer than a screen. No compiler is asked, so that it takes a second: comments and
strings are blanked, braces are matched, and what opens a brace after a list of parameters at the level of a
namespace or a class is a function."""

import re

MOST_LINES = 60

_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)
_SCOPE = re.compile(r"(^|[ >;])(namespace|class|struct|union|extern)\b")
_AFTER_PARAMETERS = re.compile(r"\)\s*(const|noexcept|override|final|->.*|requires.*)?\s*$")
_VALUE = re.compile(r"(=|\breturn|,|\()\s*$")
_ACCESS = re.compile(r"\b(public|private|protected)\s*$")


def _blanked(text):
    """No comment, string or directive is left; every line stays a line."""

    def blank(match):
        found = match.group(0)
        instead = {'"': '""', "R": '""', "/": ""}.get(found[0], "0")
        return instead + "\n" * found.count("\n")

    text = _NOISE.sub(blank, text)
    return _DIRECTIVE.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def _kind(head, before, outside):
    """What a brace opens: a scope, a function, or a block or list of values inside or beside them."""
    if not outside or not before.isspace():  # `name_{` is a value, `name() {` is none
        return "value"
    head = re.sub(r"\[\[.*?\]\]", "", " ".join(head.split()))
    if _SCOPE.search(head) and not _AFTER_PARAMETERS.search(head):
        return "scope"
    return "function" if "(" in head and not _VALUE.search(head) else "value"


def functions(text):
    """(first line, last line, head) of each function; a lambda is part of the function around it."""
    text = _blanked(text)
    braces, start = [], 0
    for mark in re.finditer(r"[{};:]", text):
        place, character = mark.start(), mark.group()
        outside = all(kind == "scope" for kind, _ in braces)
        if character == "{":
            kind = _kind(text[start:place], text[place - 1 : place], outside)
            braces.append((kind, (start, place)))
            if kind != "value":
                start = place + 1
        elif character == "}" and braces:
            kind, (head, body) = braces.pop()
            if kind == "function":
                words = text[head:body].split()
                first = head + text[head:body].find(words[0])
                yield _line(text, first), _line(text, place), " ".join(words)[:80]
            if kind != "value":
                start = place + 1
        elif outside and (
            character == ";" or (character == ":" and _ACCESS.search(text[start:place]))
        ):
            start = place + 1


def _line(text, place):
    return text.count("\n", 0, place) + 1


def _table_lines(text, first, last):
    """Lines inside of static tables: data, of which there may be as much as there is to say."""
    lines = text.splitlines()[first - 1 : last]
    count = depth = 0
    for line in lines:
        if depth == 0 and re.match(r"\s*static\b.*\{$", line):
            depth = 1
        elif depth:
            depth += line.count("{") - line.count("}")
            count += depth > 0
    return count


def findings(path, text):
    blank = _blanked(text)
    for first, last, head in functions(text):
        lines = last - first + 1 - _table_lines(blank, first, last)
        if lines > MOST_LINES:
            yield f"{path}:{first}: a function of {lines} lines, {MOST_LINES} are allowed: {head}"
