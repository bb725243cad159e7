# SPDX-License-Identifier: MIT
"""Names and texts that come from outside: data, whatever stands in them.

`readable` is for every place. It keeps what a person can read and writes out the rest: control
characters and escape sequences that would drive a terminal, marks that turn the direction of text,
and bytes that were no UTF-8.
"""

from __future__ import annotations

import html
import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of the spelling of some languages, and of emoji
_MARKDOWN = re.compile(r"([\\`*_\[\]!|~$])")
# Links and mentions that GitHub and GitLab make of plain words; a word joiner, which nobody sees,
# stops a mention.
_LINKS = (("://", "&#58;//"), ("www.", "www&#46;"))
_MENTION = re.compile(r"(?<![\w&])([@#])(?=\w)")


def readable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _is_shown(c) else _written_out(c) for c in text)


def _is_shown(c: str) -> bool:
    return c in _JOINERS or unicodedata.category(c) not in _HIDDEN


def _written_out(c: str) -> str:
    number = ord(c)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that was no UTF-8, as Python keeps it
        number -= 0xDC00
    if number < 0x100:
        return {9: "\\t", 10: "\\n", 13: "\\r"}.get(number, f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def markdown(text: str) -> str:
    """As words of Markdown that mean nothing but themselves, also within a table."""
    words = html.escape(" ".join(readable(text).split()), quote=False)
    words = _MENTION.sub("\\1\N{WORD JOINER}", words)
    for word, shown in _LINKS:
        words = words.replace(word, shown)
    return _MARKDOWN.sub(r"\\\1", words)


def markdown_code(text: str) -> str:
    """As code: in HTML's words, because a backtick in the text would end Markdown's."""
    words = html.escape(" ".join(readable(text).split()), quote=False)
    for c in "|`*_[]~$\\":
        words = words.replace(c, f"&#{ord(c)};")
    for word, shown in _LINKS:
        words = words.replace(word, shown)
    return f"<code>{words}</code>"
