#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sources_alone.py must find a source that uses what it does not include, and let one pass that includes it."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("sources_alone.py")
ALONE = "#include <vector>\nstd::vector<int> numbers;\n"
LEANS_ON_ANOTHER = "std::vector<int> numbers;\n"


def exit_code_of(text):
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "cmake_pch.hxx").write_text("#include <vector>\n")
        (folder / "source.cpp").write_text(text)
        command = (
            f"ccache {compiler} -Winvalid-pch -include {folder}/cmake_pch.hxx -o x.o -c source.cpp"
        )
        entry = {"directory": name, "file": f"{name}/source.cpp", "command": command}
        (folder / "commands.json").write_text(json.dumps([entry]))
        return subprocess.run(
            [sys.executable, "-B", CHECK, name, folder / "commands.json", "--all"], timeout=100
        ).returncode


def main():
    assert exit_code_of(ALONE) == 0
    assert exit_code_of(LEANS_ON_ANOTHER) == 1


if __name__ == "__main__":
    main()
