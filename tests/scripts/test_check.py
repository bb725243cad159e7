# SPDX-License-Identifier: MIT
"""switchyard check on two build folders, as a user and a CI job see it: codes, files, words."""

import json
import signal
import xml.etree.ElementTree as xml

import pytest

import fakes
from yard.cli import main as cli
from yard.data import schema
from yard.gate import session


def check(folder, *more, **environment):
    return fakes.switchyard(
        folder,
        "check",
        "--base-build",
        folder / "base",
        "--head-build",
        folder / "head",
        "--out",
        folder / "out",
        "--cache",
        folder / "cache",
        "--profile",
        "quick",
        "--seed",
        7,
        "--time-budget",
        "90s",
        "--no-plots",
        "--preset",
        "smoke",
        *more,
        **environment,
    )


def sides(folder, base, head, **of_head):
    fakes.build(folder / "base", *base)
    fakes.build(folder / "head", *head, **of_head)


def verdict(folder):
    value = json.loads((folder / "out" / "verdict.json").read_text())
    assert schema.violation("verdict", value) == ""
    return value


def test_the_same_twice_is_ok_and_leaves_every_file(tmp_path):
    sides(tmp_path, ["steady"], ["steady"])
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok: nothing above 5 % in" in done.stdout and "\x1b" not in done.stdout
    document = json.loads((tmp_path / "out" / "check.json").read_text())
    assert schema.violation("check", document) == "" and document["exit_code"] == 0
    assert {cell["scenario"] for cell in document["cells"]} == {"steady/count@0"}
    assert document["control"]["of"] == "steady/count@0" and document["machine"]["pairs"] >= 24
    assert verdict(tmp_path)["compared"] == document["compared"] > 0
    suite = xml.parse(tmp_path / "out" / "junit.xml").getroot()[0]
    assert suite.get("failures") == "0" and int(suite.get("tests")) == document["compared"]
    assert "✅" in (tmp_path / "out" / "check.md").read_text()
    lines = (tmp_path / "out" / "pairs.jsonl").read_text().splitlines()
    assert len(lines) == document["machine"]["pairs"] - document["machine"]["repeated"]
    assert {json.loads(line)["first"] for line in lines} == {"base", "head"}


def test_a_slower_head_is_red_named_measured_and_repeatable(tmp_path):
    sides(tmp_path, ["steady"], ["steady"], factor=1.1)
    done = check(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads((tmp_path / "out" / "check.json").read_text())
    red = [cell for cell in document["cells"] if cell["verdict"] == "REGRESSION"]
    assert {(c["scenario"], c["metric"]) for c in red} >= {
        ("steady/count@0", m) for m in ("cpu_per_unit_ns", "time_per_unit_ns")
    }
    for cell in red:
        assert (
            0.09 < cell["low"] <= cell["slowdown"] <= cell["high"] < 0.11
            and cell["confirmed"]
            and cell["pairs"] >= 16
        )
    assert "REGRESSION" in done.stdout and "16 fresh" in done.stdout
    failures = [case for case in xml.parse(tmp_path / "out" / "junit.xml").iter("failure")]
    assert len(failures) == len(red) and "repeat: scripts/switchyard check" in failures[0].get(
        "message"
    )
    assert (
        "| **REGRESSION** | <code>steady/count@0</code>"
        in (tmp_path / "out" / "check.md").read_text()
    )
    words = red[0]["repeat"].split()
    assert words[words.index("--only") + 1] == red[0]["scenario"] and "--metric" in words
    again = fakes.switchyard(
        tmp_path,
        *words[1:],
        "--out",
        tmp_path / "again",
        "--cache",
        tmp_path / "cache",
        "--no-plots",
        "--profile",
        "quick",
    )
    assert again.returncode == 1, again.stdout + again.stderr


def test_faster_is_listed_and_green(tmp_path):
    sides(tmp_path, ["steady"], ["steady"], factor=0.9)
    done = check(tmp_path)
    assert done.returncode == 0 and "IMPROVED" in done.stdout and "-10." in done.stdout


def test_a_scenario_that_crashes_on_head_alone_is_red(tmp_path):
    fakes.build(tmp_path / "base", "steady", "other")
    fakes.build(tmp_path / "head", "steady")
    crashing = (
        (tmp_path / "base" / "bin" / "switchyard-other")
        .read_text()
        .replace('MODEL == "crasher"', "True")
    )
    (tmp_path / "head" / "bin" / "switchyard-other").write_text(crashing)
    (tmp_path / "head" / "bin" / "switchyard-other").chmod(0o755)
    done = check(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (
        "BROKEN  other/count@0: stopped measuring on head alone: crashed: died of SIGSEGV: about to die"
        in done.stdout
    )
    assert "steady" not in " ".join(verdict(tmp_path)["regressions"])


def test_a_scenario_that_crashes_on_base_alone_is_named_and_inconclusive(tmp_path):
    fakes.build(tmp_path / "head", "steady", "other")
    fakes.build(tmp_path / "base", "steady")
    crashing = (
        (tmp_path / "head" / "bin" / "switchyard-other")
        .read_text()
        .replace('MODEL == "crasher"', "True")
    )
    (tmp_path / "base" / "bin" / "switchyard-other").write_text(crashing)
    (tmp_path / "base" / "bin" / "switchyard-other").chmod(0o755)
    done = check(tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert (
        "NOT COMPARED  other/count@0: base fails and head does not: crashed: died of SIGSEGV"
        in done.stdout
    )


def test_what_fails_on_both_sides_leaves_nothing_to_compare(tmp_path):
    sides(tmp_path, ["crasher"], ["crasher"])
    done = check(tmp_path)
    assert done.returncode == 3 and "fails on both sides" in done.stdout
    assert verdict(tmp_path)["verdict"] == "not comparable"


def test_what_fails_now_and_then_is_never_red(tmp_path):
    fakes.build(tmp_path / "base", "steady", fails="now and then")
    fakes.build(tmp_path / "head", "steady", fails="now and then")
    fakes.build(tmp_path / "base", "twofold")
    fakes.build(tmp_path / "head", "twofold")
    assert check(tmp_path).returncode in (0, 2)


def test_a_cell_that_is_new_is_named_and_one_that_is_gone_is_red_until_that_is_accepted(tmp_path):
    sides(tmp_path, ["steady", "old"], ["steady", "twofold"])
    done = check(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    gone = "old/count@0: stopped measuring on head alone: removed: base only"
    assert "new: head only: twofold/count/left@0" in done.stdout and gone in done.stdout
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[[accepted]]\ncell = "old/*"\nabsent = true\nuntil = 2999-01-31\nreason = "it was old"\n'
    )
    done = check(tmp_path, "--accepted", accepted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ACCEPTED  old/count@0: removed: base only; accepted: it was old" in done.stdout


@pytest.mark.parametrize(
    "base, head, text",
    [
        (["steady"], ["twofold"], "share no scenario"),
    ],
)
def test_nothing_in_common_is_not_comparable(tmp_path, base, head, text):
    sides(tmp_path, base, head)
    done = check(tmp_path)
    assert done.returncode == 3 and text in done.stderr and verdict(tmp_path)["exit_code"] == 3


def test_sides_that_were_built_differently_are_not_comparable(tmp_path):
    sides(tmp_path, ["steady"], ["steady"])
    file = tmp_path / "head" / "bin" / "switchyard-steady"
    file.write_text(file.read_text().replace('"flags": ""', '"flags": "-O1"'))
    done = check(tmp_path)
    assert done.returncode == 3 and "built differently" in done.stderr


def test_an_interruption_is_inconclusive_and_keeps_the_pairs(tmp_path):
    sides(tmp_path, ["slow"], ["slow"])
    child = fakes.start(
        tmp_path,
        "check",
        "--base-build",
        tmp_path / "base",
        "--head-build",
        tmp_path / "head",
        "--out",
        tmp_path / "out",
        "--cache",
        tmp_path / "cache",
        "--no-plots",
        FAKE_PACE_S="0.1",
    )
    pairs = tmp_path / "out" / "pairs.jsonl"
    while not pairs.exists() or len(pairs.read_text().splitlines()) < 3:
        assert child.poll() is None, child.communicate()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 2, out + err
    assert verdict(tmp_path)["verdict"] == "inconclusive" and "interrupted" in out
    assert json.loads((tmp_path / "out" / "check.json").read_text())["cells"]


@pytest.mark.slow
def test_what_does_not_fit_on_a_slower_machine_is_left_out_and_the_rest_is_judged(tmp_path):
    """Its processes take half a second longer once the first pair is measured."""
    sides(tmp_path, ["steady", "other", "third"], ["steady", "other", "third"])
    slow = f"    if os.path.exists({str(tmp_path / 'out' / 'pairs.jsonl')!r}):\n        time.sleep(0.5)\n"
    for file in [*tmp_path.glob("base/bin/*"), *tmp_path.glob("head/bin/*")]:
        file.write_text(
            file.read_text().replace('    if MODEL == "slow":', slow + '    if MODEL == "slow":', 1)
        )
    done = check(tmp_path, "--time-budget", "40s")
    assert "left out: the machine is slower than when it was tried" in done.stdout, (
        done.stdout + done.stderr
    )
    assert done.returncode in (0, 2) and verdict(tmp_path)["compared"] > 0


def test_a_time_budget_that_is_too_short_is_inconclusive(tmp_path):
    sides(tmp_path, ["slow"], ["slow"])
    done = check(tmp_path, "--time-budget", "1s", FAKE_PACE_S="0.3")
    assert done.returncode in (2, 3) and "--time-budget" in done.stdout + done.stderr
    assert verdict(tmp_path)["exit_code"] == done.returncode


def test_an_uncaught_exception_is_four_and_leaves_no_verdict(tmp_path, monkeypatch, capsys):
    sides(tmp_path, ["steady"], ["steady"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "verdict.json").write_text("{}")
    monkeypatch.setattr(session, "run", lambda *_, **__: 1 / 0)
    code = cli.main(
        [
            "check",
            "--base-build",
            str(tmp_path / "base"),
            "--head-build",
            str(tmp_path / "head"),
            "--out",
            str(tmp_path / "out"),
        ]
    )
    assert code == 4 and "ZeroDivisionError" in capsys.readouterr().err
    assert not (tmp_path / "out" / "verdict.json").exists()


def test_a_broken_installation_is_four_and_not_one(tmp_path):
    (tmp_path / "click.py").write_text("raise RuntimeError('broken')\n")
    done = fakes.switchyard(tmp_path, "check", "--base", "x", PYTHONPATH=str(tmp_path))
    assert done.returncode == 4 and "broken" in done.stderr


@pytest.mark.parametrize(
    "words, text",
    [
        ([], "name the sides"),
        (
            ["--base", "main", "--base-build", "build/release", "--head-build", "x"],
            "name the sides",
        ),
        (["--base-build", "build/release"], "belong together"),
        (["--base-cmd", "true"], "belong together"),
        (["--base", "no-such-revision"], "there is no revision 'no-such-revision'"),
        (["--base", "HEAD", "--build-preset", "relaese"], "there is no preset"),
        (["--base-build", "/nonexistent", "--head-build", "/nonexistent"], "no folder bin"),
        (["--base", "HEAD", "--profile", "quik"], "did you mean quick?"),
        (
            ["--base", "HEAD", "--models", "fibre"],
            "did you mean fiber?",
        ),  # before anything is built
        (["--base", "HEAD", "--workloads", "ecko"], "did you mean echo?"),
        (
            ["--base", "HEAD", "--only", "coroutine/fecth/epoll@0"],
            "'coroutine/fecth/epoll@0': 'fecth' is not there: did you mean fetch",
        ),
        (["--base", "HEAD", "--only", "nosuch@0"], "there is asio, callback"),
        (["--base", "HEAD", "--time-budget", "soon"], "write 90s"),
        (["--base", "HEAD", "--metric", "cpu"], "unknown metric"),  # before anything is built
        (
            ["--base-cmd", "true", "--head-cmd", "true", "--models", "fiber"],
            "--models does not apply to --base-cmd and --head-cmd",
        ),
        (["--base-cmd", "true", "--head-cmd", "true", "--head", "HEAD"], "--head does not apply"),
        (["--base-cmd", "true", "--head-cmd", "true", "--only", ","], "names nothing"),
        (["--base-cmd", "'", "--head-cmd", "true"], "is no command line"),
        (
            ["--base-build", "x", "--head-build", "y", "--build-preset", "release"],
            "--build-preset does not apply to --base-build and --head-build: nothing is built",
        ),
    ],
)
def test_usage(tmp_path, words, text):
    done = fakes.switchyard(
        tmp_path, "check", *words, "--out", tmp_path / "out", "--cache", tmp_path / "cache"
    )
    assert done.returncode == 64 and text in done.stderr, done.stderr
    assert not (tmp_path / "out" / "verdict.json").exists()


def test_an_unknown_scenario_names_the_nearest(tmp_path):
    sides(tmp_path, ["steady"], ["steady"])
    done = check(tmp_path, "--only", "steady/cuont@0")
    assert done.returncode == 64 and "did you mean steady/count@" in done.stderr
