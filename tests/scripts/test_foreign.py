# SPDX-License-Identifier: MIT
"""Models in other languages: found, measured only when named, skipped with the reason and the command where their
toolchain is missing. How the cell main talks to their workers is tested in tests/remote."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from fakes import REPOSITORY, build, switchyard
from yard.data import models
from yard.engine import plan
from yard.errors import UsageError, YardError
from yard.text import matrix

BUILT = REPOSITORY / "build" / "release" / "bin"
MODELS = ("go", "node", "python", "tokio")
MISSING = {"skipped": "there is no other", "install": "apt-get install other"}
UVLOOP = "uvloop is missing; apt-get install python3-uvloop"


def foreign(folder: Path, **more: object) -> Path:
    """A build folder with one model in another language."""
    build(folder, "good")
    file = folder / "bin" / "switchyard-other"
    text = {
        "schema": 1,
        "model": "other",
        "summary": "",
        "foreign": True,
        "build": {"type": "release", "compiler": ""},
        "cells": [{"workload": "count", "variant": "", "declined": None}],
        **more,
    }
    file.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(text)}\nE\n")
    file.chmod(0o755)
    models.worker_folder(file).mkdir(parents=True)
    return folder


def test_it_is_found_and_its_gaps_are_no_holes(tmp_path):
    found = models.discover(foreign(tmp_path))
    assert found.foreign("other") and not found.foreign("good")
    assert not [hole for hole in matrix.make(found)["holes"] if hole["model"] == "other"]


def test_it_is_measured_only_if_it_is_named(tmp_path):
    found = models.discover(foreign(tmp_path))

    def chosen(**options):
        return {model for model, _ in plan.selected(found, plan.Options(preset="smoke", **options))}

    assert chosen() == {"good"}
    assert chosen(models=("other",)) == {"other"} == chosen(cells=("other/*",))
    assert chosen(foreign=True) == {"good", "other"}


def noted(folder: Path) -> Path:
    """A build folder in which it was not built at all: a note says why."""
    build(folder, "good")
    (folder / "models").mkdir()
    note = {"schema": 1, "model": "other", "foreign": True, **MISSING}
    (folder / "models" / "other.json").write_text(json.dumps(note))
    return folder


@pytest.mark.parametrize("how", ["no worker", "not built"])
def test_the_rest_is_measured_without_it(tmp_path, how):
    folder = noted(tmp_path) if how == "not built" else foreign(tmp_path, cells=[], missing=MISSING)
    found = models.discover(folder)
    assert "other" not in found.describe

    def made(**options):
        return plan.make(found, plan.Options(preset="smoke", **options), [0, 1], "run")

    for chosen in (
        {"models": ("good", "other")},
        {"foreign": True},
        {"cells": ("good/*", "other/*")},
    ):
        assert made(**chosen)["skipped"] == {"other": MISSING}
        assert {process["model"] for process in made(**chosen)["processes"]} == {"good"}
    assert made()["skipped"] == {}
    with pytest.raises(UsageError, match="there is no other.*apt-get install other"):
        made(models=("other",))
    with pytest.raises(UsageError, match="names no cell"):
        made(cells=("other/*",))


def test_a_run_says_so_and_its_report_too(tmp_path):
    done = switchyard(
        noted(tmp_path),
        *("run", "--build", tmp_path, "--models", "good,other", "--preset", "smoke"),
        *("--rounds", "1", "--out", tmp_path / "run"),
    )
    assert done.returncode == 0, done.stderr
    assert "other is skipped: there is no other" in done.stdout + done.stderr
    meta = json.loads((tmp_path / "run" / "meta.json").read_text())
    assert meta["not_built"] == {"other": MISSING}


def test_its_hash_covers_all_that_its_worker_is_made_of(tmp_path):
    file = foreign(tmp_path) / "bin" / "switchyard-other"
    alone = models.model_sha256(file)
    worker = models.worker_folder(file)
    (worker / "cells").mkdir()
    (worker / "worker").write_text("x")
    with_worker = models.model_sha256(file)
    (worker / "cells" / "echo.py").write_text("x = 1\n")
    assert len({alone, with_worker, models.model_sha256(file)}) == 3


def test_a_build_that_fails_leaves_its_reason_and_fails_nothing_else(tmp_path):
    folder = tmp_path / "workers" / "other"
    folder.mkdir(parents=True)
    (folder / "worker").write_text("an older one")

    def compiled_by(shell):
        return subprocess.run(
            [REPOSITORY / "cmake" / "compile_worker", folder, "sh", "-c", shell],
            capture_output=True,
            text=True,
            timeout=30,
        )

    failed = compiled_by("echo building; echo too old >&2; exit 1")
    assert failed.returncode == 0 and "build-log.txt" in failed.stderr
    assert not (folder / "worker").exists()
    assert (folder / "build-log.txt").read_text().endswith("too old\n")
    worked = compiled_by(f"echo made > {folder}/worker")
    assert (worked.returncode, worked.stdout, worked.stderr) == (0, "", "")
    assert not (folder / "build-log.txt").exists()


def built(model: str) -> Path:
    file = BUILT / f"switchyard-{model}"
    if not file.exists():
        pytest.skip(f"{file} was not built here: scripts/setup --contenders, scripts/build release")
    if missing := models.ask(file).get("missing"):
        pytest.skip(f"{missing['skipped']}; {missing['install']}")
    return file


def run_cell(file: Path, folder: Path, *arguments: str) -> list[dict]:
    samples = folder / "samples.jsonl"
    subprocess.run(
        [file, *arguments, "--samples", samples],
        capture_output=True,
        timeout=200,
    )
    return [json.loads(line) for line in samples.read_text().splitlines()]


@pytest.mark.parametrize("model", MODELS)
def test_its_kernel_is_right_beyond_whole_words(tmp_path, model):
    sizes = ("--set", "units=4", "--set", "ballast_bytes=13", "--cell", "idle")
    described = models.ask(built(model))
    variants = {c["variant"] for c in described["cells"] if c["workload"] == "idle"}
    for variant in variants:
        cell = "/".join(filter(None, ("idle", variant)))
        samples = run_cell(built(model), tmp_path, *sizes[:-1], cell, "--point", "0")
        assert samples
        assert {(s["verdict"], s["reason"]) for s in samples} <= {("ok", ""), ("skipped", UVLOOP)}


@pytest.mark.parametrize("model", MODELS)
def test_seeds_of_64_bits_come_through(tmp_path, model):
    file = built(model)
    cells = [c for c in models.ask(file)["cells"] if c["workload"] == "spawn" and not c["declined"]]
    cell = "/".join(filter(None, ("spawn", cells[0]["variant"])))
    seed = str(2**64 - 3)
    samples = run_cell(
        file, tmp_path, "--cell", cell, "--preset", "smoke", "--point", "0", "--seed", seed
    )
    assert {(s["verdict"], s["reason"]) for s in samples} == {("ok", "")}


@pytest.mark.parametrize(
    "workload, sizes",
    [
        ("spawn", ("units=20000", "at_once=1000")),
        ("waits", ("waits=20000",)),
        ("idle", ("units=20000",)),
        ("cancel", ("units=20000",)),
    ],
)
def test_more_threads_of_python_than_a_round_has_time_for_are_declined(tmp_path, workload, sizes):
    settings = [word for size in sizes for word in ("--set", size)]
    cell = ("--cell", f"{workload}/thread", "--point", "0")
    samples = run_cell(built("python"), tmp_path, *cell, *settings)
    assert [s["verdict"] for s in samples] == ["declined"] and "10000" in samples[0]["reason"]


def test_the_conversation_of_the_page_is_what_a_worker_says():
    """docs/worker-protocol.md shows one by hand; a reader must get the same."""
    text = (REPOSITORY / "docs" / "worker-protocol.md").read_text()
    shown = text.split("```")[1].strip().splitlines()
    requests = shown[0].split("'")[1].replace("\\n", "\n")
    worker = models.worker_folder(built("python")) / "worker"
    said = subprocess.run(
        [worker, "spawn", "asyncio"], input=requests, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.splitlines() == shown[1:]
    assert os.access(worker, os.X_OK)


BROKEN = {
    "ends with an error": "exit 3",
    "prints no JSON": "echo no",
    "cannot be started": None,
}


def plant(folder, fault, foreign=True):
    file = folder / "bin" / "switchyard-broken"
    if foreign:
        models.worker_folder(file).mkdir(parents=True)
    file.write_text(f"#!/bin/sh\ntouch {folder}/was-asked\n{fault}\n" if fault else "#!/no/such\n")
    file.chmod(0o755)


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_broken_contender_is_named_and_the_rest_is_found(tmp_path, fault):
    build(tmp_path, "good")
    plant(tmp_path, fault)
    found = models.discover(tmp_path)
    assert set(found.describe) == {"good"}
    assert "switchyard-broken" in found.not_built["broken"]["skipped"]
    with pytest.raises(YardError, match="switchyard-broken"):
        models.discover(tmp_path, named=["broken"])


@pytest.mark.parametrize("is_foreign", [False, True])
def test_what_nobody_named_is_not_even_asked(tmp_path, is_foreign):
    build(tmp_path, "good", "fine")
    plant(tmp_path, "exit 3", is_foreign)
    found = models.discover(tmp_path, named=["good"])
    assert set(found.describe) == {"good"} and found.unasked == ["broken", "fine"]
    assert not (tmp_path / "was-asked").exists()
    with pytest.raises(UsageError, match="unknown name 'fin'.*fine"):
        plan.make(found, plan.Options(preset="smoke", models=("fin",)), [0], "run")


def test_one_of_ours_that_is_broken_ends_a_run_of_all(tmp_path):
    build(tmp_path, "good")
    plant(tmp_path, "exit 3", foreign=False)
    with pytest.raises(YardError, match="switchyard-broken --describe ended with 3"):
        models.discover(tmp_path)


def test_contenders_alone_are_measured_with_the_workloads_of_ours(tmp_path):
    found = models.discover(foreign(tmp_path), named=["other"])
    assert set(found.describe) == {"good", "other"} and found.workloads


def test_globs_for_a_model_ask_all():
    assert plan.named_models((), ("good/echo", "other/*/io_uring")) == ("good", "other")
    assert plan.named_models(("good",), ("*/echo",)) == ("good",)
    assert plan.named_models((), ("*/echo", "good/*")) == ()
