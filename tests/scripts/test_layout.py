# SPDX-License-Identifier: MIT
"""The map of docs/design.md has every folder that a newcomer meets."""

import re

import pytest
from fakes import REPOSITORY

MAP = (REPOSITORY / "docs/design.md").read_text(encoding="utf-8")
LAYOUT = re.search(r"## Layout\n```\n(.*?)```", MAP, re.DOTALL).group(1)


@pytest.mark.parametrize("room", ["bench", "tests", "scripts/yard"])
def test_every_folder_is_on_the_map(room):
    start = re.search(rf"^{room}/", LAYOUT, re.MULTILINE).start()
    end = re.compile(r"^(?!\s|%s)" % room, re.MULTILINE).search(LAYOUT, start)
    named = set(re.findall(r"\w+", LAYOUT[start : end.start()]))
    folders = {
        folder.name
        for folder in (REPOSITORY / room).iterdir()
        if folder.is_dir() and any(f.is_file() and f.suffix != ".pyc" for f in folder.rglob("*"))
    }
    assert len(folders) > 5
    assert folders <= named, f"docs/design.md, Layout, does not say what is in {room}/"
