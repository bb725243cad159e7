# SPDX-License-Identifier: MIT
"""Completion as bash asks for it, and the text that makes bash ask."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SWITCHYARD = Path(__file__).resolve().parents[2] / "scripts" / "switchyard"


def run(*arguments, **environment):
    return subprocess.run(
        [SWITCHYARD, *arguments], env={**os.environ, **environment}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "words, offered", [("switchyard doc", "doctor"), ("switchyard doctor --rest", "--restore")]
)
def test_a_begun_word_is_completed(words, offered):
    done = run(
        _SWITCHYARD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    )
    assert done.stdout.splitlines() == [f"plain,{offered}"] and done.stderr == ""


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash: apt-get install bash")
def test_bash_accepts_the_text_and_binds_it():
    text = run("completion", "bash").stdout
    done = subprocess.run(
        ["bash", "-c", text + "\ncomplete -p switchyard"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "_switchyard_completion" in done.stdout


def test_an_unknown_shell_is_refused():
    assert run("completion", "csh").returncode == 64
