# SPDX-License-Identifier: MIT
"""The files of a git tree, byte for byte, in a folder.

Neither `git archive` nor a checkout: both obey the .gitattributes of the tree, whose author decides
with them which of the filters that are configured here are run on which file, and what export-subst
writes into it. Nothing of the tree is executed or interpreted, no hook is called, and no submodule
is fetched.
"""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath
from typing import IO

from yard.data.host import git_in
from yard.data.store import explained
from yard.errors import YardError

FILE, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
Entry = tuple[str, str, str]  # mode, object, path


def write(repository: Path, tree: str, target: Path) -> None:
    """`tree` may also be one file."""
    kind = _output(repository, "cat-file", "-t", tree).decode().strip()
    listing = (
        _output(repository, "ls-tree", "-r", "-z", "--full-tree", tree) if kind == "tree" else b""
    )
    entries = [_entry(line) for line in listing.split(b"\0") if line] or [(FILE, tree, "")]
    with subprocess.Popen(
        [*git_in(repository), "cat-file", "--batch"],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as objects:
        assert objects.stdin and objects.stdout
        try:
            if kind == "tree":
                target.mkdir(parents=True)
            for mode, name, path in entries:
                if mode != SUBMODULE:
                    content = _object(objects.stdin, objects.stdout, name)
                    _put(target / path if path else target, mode, content, target)
        except OSError as error:
            raise explained(error, f"cannot write {target}") from None


def _entry(line: bytes) -> Entry:
    words, _, path = line.partition(b"\t")
    mode, _, name = words.decode().split(" ")
    text = path.decode("utf-8", "surrogateescape")
    parts = PurePosixPath(text).parts
    if text.startswith("/") or ".." in parts or ".git" in (part.lower() for part in parts):
        raise YardError(f"the tree has a file outside of itself: {text!a}; it is not unpacked")
    return mode, name, text


def _object(asked: IO[bytes], answers: IO[bytes], name: str) -> bytes:
    asked.write(name.encode() + b"\n")
    asked.flush()
    words = answers.readline().split()
    if len(words) != 3:
        raise YardError(f"git has no object {name}: fetch the whole history")
    content = answers.read(int(words[2]))
    answers.read(1)
    return content


def _put(file: Path, mode: str, content: bytes, root: Path) -> None:
    folder = root if file != root else root.parent
    if file.is_symlink() or not file.parent.resolve().is_relative_to(folder.resolve()):
        raise YardError(f"{file} would lie outside of {root}, through a link; it is not unpacked")
    file.parent.mkdir(parents=True, exist_ok=True)
    if mode == LINK:
        file.symlink_to(content.decode("utf-8", "surrogateescape"))
        return
    file.write_bytes(content)
    file.chmod(0o755 if mode == EXECUTABLE else 0o644)


def _output(repository: Path, *words: str) -> bytes:
    done = subprocess.run(
        [*git_in(repository), *words], cwd=repository, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise YardError(f"git {words[0]} failed: {(said or ['no reason given'])[-1]}")
    return done.stdout
