# SPDX-License-Identifier: MIT
"""The command line as a user sees it: codes, one-line errors, output for people and for machines."""

import json
import os
import subprocess

import pytest

import fakes
from yard.cli import main as cli
from yard.data import store
from yard.errors import YardError


@pytest.fixture
def build(tmp_path):
    return fakes.build(tmp_path / "build", "steady", "twofold")


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        (["lst"], 64, "did you mean list?"),
        (["run", "--modles", "x"], 64, "--modles"),
        (["run", "--rounds", "0"], 64, "--rounds"),
        (["run", "--rounds", "x"], 64, "--rounds"),
        (["run", "--time-budget", "soon"], 64, "write 90s, 5m or 1h"),
        (["run", "--until", "5"], 64, "write 5% or 2.5%"),
        (["run", "--set", "items"], 64, "field=whole number"),
        (["run", "--seed", "-1"], 64, "--seed"),
        (["run", "--models", "stedy"], 64, "did you mean steady?"),
        (["run", "--resume", "/nonexistent"], 64, "does not exist"),
        (["run", "--resume", "/tmp", "--models", "steady"], 64, "leave out models"),
        (["run", "--out", "/proc/nowhere"], 4, "/proc/nowhere"),
        (
            ["prove", "--out", "/proc/nowhere", "--simulate", "1"],
            4,
            "cannot make the folder /proc/nowhere",
        ),
        (["report", "/nonexistent"], 64, "does not exist"),
    ],
)
def test_errors_have_a_code_and_one_cause(tmp_path, build, arguments, code, text):
    if arguments[0] == "run" and "--resume" not in arguments:
        arguments = [*arguments, "--build", build]
    done = fakes.switchyard(tmp_path, *arguments)
    assert done.returncode == code and text in done.stderr and "Traceback" not in done.stderr


def test_a_missing_build_names_the_next_step(tmp_path):
    done = fakes.switchyard(tmp_path, "list", "--build", tmp_path / "none")
    assert done.returncode == 64 and "build folder" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_reported(tmp_path, build):
    (tmp_path / "closed").mkdir(mode=0o555)
    done = fakes.switchyard(tmp_path, "run", "--build", build, "--out", tmp_path / "closed" / "run")
    assert done.returncode == 4 and "--out" in done.stderr


@pytest.mark.parametrize(
    "error, code", [(ValueError("odd"), 4), (YardError("told"), 4), (KeyboardInterrupt(), 130)]
)
def test_no_exception_leaves_as_a_verdict(monkeypatch, capsys, error, code):
    monkeypatch.setattr(cli.command, "main", lambda **_: (_ for _ in ()).throw(error))
    assert cli.main([]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_regression(tmp_path, build):
    """`check | head` under pipefail must not say 1; click would."""
    read, write = os.pipe()
    os.close(read)
    for arguments in (["list"], ["run", "--preset", "smoke", "--out", tmp_path / "run"]):
        words = [fakes.LAUNCHER, *arguments, "--build", build]
        done = subprocess.run(
            words,
            env=fakes.environment(tmp_path),
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        assert done.returncode == 141 and "Traceback" not in done.stderr, done.stderr
    os.close(write)
    assert (tmp_path / "run" / "samples.jsonl").stat().st_size > 0


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    """As root, a rename over /dev/full would take it from everybody."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    store.write_atomically(tmp_path / "pipe", "told")
    assert os.read(reader, 10) == b"told" and (tmp_path / "pipe").is_fifo()
    os.close(reader)
    (tmp_path / "link").symlink_to("target")
    store.write_atomically(tmp_path / "link", "told")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "told"
    store.write_atomically(tmp_path / "file", "told")
    assert {p.name for p in tmp_path.iterdir()} == {"pipe", "link", "target", "file"}


def test_run_and_its_json(tmp_path, build):
    out = tmp_path / "run"
    done = fakes.switchyard(
        tmp_path, "run", "--build", build, "--preset", "smoke", "--out", out, "--json"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (
        document["folder"] == str(out)
        and document["verdicts"] == {"ok": 4}
        and document["exit_code"] == 0
    )
    assert {"plan.json", "meta.json", "samples.jsonl", "benchmark.json"} <= {
        f.name for f in out.iterdir()
    }
    meta = json.loads((out / "meta.json").read_text())
    assert meta["host"]["boot_id"] and set(meta["binaries_sha256"]) == {"steady", "twofold"}
    again = fakes.switchyard(tmp_path, "run", "--build", build, "--preset", "smoke", "--out", out)
    assert again.returncode == 4 and "--resume" in again.stderr


def test_a_failed_cell_is_exit_code_one_and_named(tmp_path):
    build = fakes.build(tmp_path / "build", "liar", "steady")
    done = fakes.switchyard(
        tmp_path, "run", "--build", build, "--preset", "smoke", "--out", tmp_path / "run"
    )
    assert done.returncode == 1 and "wrong: liar count: checksum 1 instead of 2" in done.stdout
    verify = fakes.switchyard(tmp_path, "verify", "--build", build)
    assert verify.returncode == 1 and "checksum 1 instead of 2" in verify.stdout


def test_verify_passes_and_prints_no_numbers(tmp_path, build):
    done = fakes.switchyard(tmp_path, "verify", "--build", build, "--json")
    rows = json.loads(done.stdout)["cells"]
    assert done.returncode == 0 and {row["verdict"] for row in rows} == {"ok"} and len(rows) == 4
    assert set(rows[0]) == {"cell", "verdict", "reason"}


def test_plan_measures_nothing(tmp_path, build):
    done = fakes.switchyard(
        tmp_path,
        "run",
        "--plan",
        "--build",
        build,
        "--json",
        "--seed",
        5,
        "--out",
        tmp_path / "run",
    )
    assert json.loads(done.stdout)["seed"] == 5 and not (tmp_path / "run").exists()
    assert "at most 60" in fakes.switchyard(tmp_path, "run", "--dry-run", "--build", build).stdout


def test_the_matrix_fails_on_a_hole(tmp_path, build):
    assert fakes.switchyard(tmp_path, "list", "--matrix", "--build", build).returncode == 0
    fakes.build(build, "holey")
    done = fakes.switchyard(tmp_path, "list", "--matrix", "--build", build)
    assert done.returncode == 1 and "HOLE: holey says nothing of serve" in done.stdout
    table = json.loads(fakes.switchyard(tmp_path, "list", "--json", "--build", build).stdout)
    assert table["holes"] == [{"model": "holey", "workload": "serve"}]


def test_the_group_self_is_no_hole(tmp_path, build):
    table = json.loads(fakes.switchyard(tmp_path, "list", "--json", "--build", build).stdout)
    assert "noop" in table["workloads"] and table["holes"] == []


def test_plain_lines_without_a_terminal(tmp_path, build):
    done = fakes.switchyard(
        tmp_path, "run", "--build", build, "--preset", "smoke", "--out", tmp_path / "run"
    )
    assert "\x1b" not in done.stdout + done.stderr and "0/4 processes" in done.stderr


def test_the_launcher_says_what_to_install(tmp_path):
    done = fakes.switchyard(tmp_path, "list", SWITCHYARD_PYTHON="/bin/false")
    assert done.returncode == 4 and "scripts/setup" in done.stderr
