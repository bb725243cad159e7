# SPDX-License-Identifier: MIT
"""Contenders that are compiled, and any that is missing: skipped with the reason and the command, and nothing else fails."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from fakes import REPOSITORY, build, switchyard
from test_foreign import RIGHT, contender, foreign
from yard.data import models
from yard.engine import plan
from yard.errors import UsageError, YardError

FOREIGN = REPOSITORY / "impl" / "foreign"
sys.path.insert(0, str(FOREIGN))
from harness import built as compiled  # noqa: E402

RUST = "rustc cargo librust-tokio-dev librust-serde-json-dev librust-libc-dev"
COMPILED = {"go": ("go", "golang-go"), "tokio": ("cargo", RUST)}  # the tool and the packages


def describe(model, folder, path):
    file = FOREIGN / model / f"switchyard-{model}"
    told = subprocess.run(
        [sys.executable, file, "--describe"],
        capture_output=True,
        timeout=30,
        env={"PATH": str(path), "SWITCHYARD_RIG": str(folder / "bin")},
    )
    return json.loads(told.stdout)


@pytest.mark.parametrize("model", COMPILED)
def test_without_its_toolchain_it_names_the_packages(tmp_path, model):
    value = describe(model, tmp_path, tmp_path)
    tool, packages = COMPILED[model]
    assert (
        value["cells"] == []
        and value["missing"]["skipped"] == f"there is no {tool} to build it with"
    )
    assert f"sudo apt-get install {packages}" in value["missing"]["install"]


def test_with_the_toolchain_alone_it_asks_for_the_crates_and_then_for_a_build(
    tmp_path, monkeypatch
):
    (tmp_path / "cargo").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SWITCHYARD_RIG", str(tmp_path / "bin"))
    monkeypatch.setattr(compiled, "CRATES", tmp_path / "registry")

    def missing():
        return compiled.built("tokio", "cargo", RUST, ("tokio-1.*", "serde_json-1.*"))["missing"]

    assert "has no tokio-1.*" in missing()["skipped"] and RUST in missing()["install"]
    (tmp_path / "registry" / "tokio-1.24.2").mkdir(parents=True)
    assert "has no serde_json-1.*" in missing()["skipped"]
    (tmp_path / "registry" / "serde_json-1.0.87").mkdir()
    assert "has not been built" in missing()["skipped"] and "cmake --build" in missing()["install"]


def test_a_build_that_fails_skips_the_contender_and_fails_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "foreign" / "go"
    monkeypatch.setenv("SWITCHYARD_RIG", str(tmp_path / "bin"))

    def compiled_by(shell):
        return subprocess.run(
            [FOREIGN / "compile", folder, "sh", "-c", shell],
            capture_output=True,
            text=True,
            timeout=30,
        )

    folder.mkdir(parents=True)
    (folder / "worker").write_text("an older one")
    failed = compiled_by("echo building; echo too old >&2; exit 1")
    assert (
        failed.returncode == 0
        and "build-log.txt" in failed.stderr
        and not (folder / "worker").exists()
    )
    missing = compiled.built("go", "sh", "golang-go")["missing"]
    assert missing["skipped"] == "its build failed: too old" and "golang-go" in missing["install"]
    worked = compiled_by(
        f"printf '#!/bin/sh\necho Go 9\n' > {folder}/worker; chmod +x {folder}/worker"
    )
    assert (worked.returncode, worked.stdout, worked.stderr) == (0, "", "")
    assert (
        compiled.built("go", "sh", "golang-go")["library"] == "Go 9"
        and not (folder / "build-log.txt").exists()
    )


@pytest.mark.parametrize("model", COMPILED)
def test_what_the_suite_built_is_a_column(model):
    tool, packages = COMPILED[model]
    worker = REPOSITORY / "build" / "release" / "foreign" / model / "worker"
    if not worker.exists():
        assert not (
            worker.parent.exists() and shutil.which(tool)
        ), f"{tool} is here and {worker} was not built"
        pytest.skip(f"{model} was not built here: sudo apt-get install {packages}")
    value = describe(model, REPOSITORY / "build" / "release", os.environ["PATH"])
    assert {cell["workload"] for cell in value["cells"]} >= {
        "echo",
        "fetch",
        "waits",
        "spawn",
        "channel",
        "idle",
    }
    assert value["library"] and not value.get("missing")


@pytest.mark.parametrize("model", [*COMPILED, "node", "python"])
def test_its_kernel_is_right_beyond_whole_words(tmp_path, model):
    built = REPOSITORY / "build" / "release"
    if not (built / "bin" / "switchyard-serial").exists():
        pytest.skip("the suite is not built: scripts/build release")
    if missing := describe(model, built, os.environ["PATH"]).get("missing"):
        pytest.skip(f"{missing['skipped']}; {missing['install']}")
    done = subprocess.run(
        [
            FOREIGN / model / f"switchyard-{model}",
            "--cell",
            "idle",
            "--set",
            "units=4",
            "--set",
            "ballast_bytes=13",
        ],
        env={**os.environ, "SWITCHYARD_RIG": str(built / "bin")},
        text=True,
        capture_output=True,
        timeout=100,
    )
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    assert samples and {(s["verdict"], s["reason"]) for s in samples} <= {
        ("ok", ""),
        ("skipped", UVLOOP),
    }


@pytest.mark.parametrize(
    "workload, sizes",
    [
        ("spawn", ("units=20000", "at_once=1000")),
        ("waits", ("waits=20000",)),
        ("idle", ("units=20000",)),
        ("cancel", ("units=20000",)),
    ],
)
def test_more_threads_of_python_than_a_round_has_time_for_are_declined(workload, sizes):
    built = REPOSITORY / "build" / "release"
    if not (built / "bin" / "switchyard-serial").exists():
        pytest.skip("the suite is not built: scripts/build release")
    settings = [word for size in sizes for word in ("--set", size)]
    done = subprocess.run(
        [
            FOREIGN / "python" / "switchyard-python",
            "--cell",
            f"{workload}/thread",
            "--point",
            "0",
            *settings,
        ],
        env={**os.environ, "SWITCHYARD_RIG": str(built / "bin")},
        text=True,
        capture_output=True,
        timeout=100,
    )
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    assert [s["verdict"] for s in samples] == ["declined"] and "10000" in samples[0]["reason"]


UVLOOP = "uvloop is missing; apt-get install python3-uvloop"
MISSING = {"skipped": "there is no other", "install": "apt-get install other"}


def test_the_rest_is_measured_without_it(tmp_path):
    found = models.discover(build(tmp_path, "good"), foreign(tmp_path, missing=MISSING))

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
    build(tmp_path, "good")  # in which no contender was built
    done = switchyard(
        tmp_path,
        "run",
        "--build",
        tmp_path,
        "--models",
        "good,go",
        "--preset",
        "smoke",
        "--rounds",
        "1",
        "--out",
        tmp_path / "run",
    )
    assert done.returncode == 0, done.stderr
    assert "go is skipped: " in done.stdout + done.stderr
    meta = json.loads((tmp_path / "run" / "meta.json").read_text())
    assert set(meta["not_built"]) == {"go"} and meta["not_built"]["go"]["install"]


def test_its_own_call_makes_a_sample_that_is_skipped(tmp_path):
    code, samples = contender(tmp_path, "pass", RIGHT, missing=MISSING)
    assert code == 0 and [s["verdict"] for s in samples] == ["skipped"]
    assert "apt-get install other" in samples[0]["reason"]


BROKEN = {
    "ends with an error": "exit 3",
    "prints no JSON": "echo no",
    "cannot be started": None,
}


def plant(folder, fault, where="impl/foreign/broken"):
    file = folder / where / "switchyard-broken"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\ntouch {folder}/was-asked\n{fault}\n" if fault else "#!/no/such\n")
    file.chmod(0o755)


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_broken_contender_is_named_and_the_rest_is_found(tmp_path, fault):
    build(tmp_path, "good")
    plant(tmp_path, fault)
    found = models.discover(tmp_path, tmp_path)
    assert set(found.describe) == {"good"}
    assert "switchyard-broken" in found.not_built["broken"]["skipped"]
    with pytest.raises(YardError, match="switchyard-broken"):
        models.discover(tmp_path, tmp_path, named=["broken"])


@pytest.mark.parametrize("where", ["bin", "impl/foreign/broken"])
def test_what_nobody_named_is_not_even_asked(tmp_path, where):
    build(tmp_path, "good", "fine")
    plant(tmp_path, "exit 3", where)
    found = models.discover(tmp_path, tmp_path, named=["good"])
    assert set(found.describe) == {"good"} and found.unasked == ["broken", "fine"]
    assert not (tmp_path / "was-asked").exists()
    with pytest.raises(UsageError, match="unknown name 'fin'.*fine"):
        plan.make(found, plan.Options(preset="smoke", models=("fin",)), [0], "run")


def test_one_of_ours_that_is_broken_ends_a_run_of_all(tmp_path):
    build(tmp_path, "good")
    plant(tmp_path, "exit 3", "bin")
    with pytest.raises(YardError, match="switchyard-broken --describe ended with 3"):
        models.discover(tmp_path, tmp_path)


def test_contenders_alone_are_measured_with_the_workloads_of_ours(tmp_path):
    found = models.discover(build(tmp_path, "good"), foreign(tmp_path), named=["other"])
    assert set(found.describe) == {"good", "other"} and found.workloads


def test_globs_for_a_model_ask_all():
    assert plan.named_models((), ("good/echo", "other/*/io_uring")) == ("good", "other")
    assert plan.named_models(("good",), ("*/echo",)) == ("good",)
    assert plan.named_models((), ("*/echo", "good/*")) == ()
