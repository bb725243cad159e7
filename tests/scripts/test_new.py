# SPDX-License-Identifier: MIT
"""A scaffold must be where a reader would put it, and build and verify from the first minute (the slow test)."""

import json
import os
import shutil
import subprocess

import pytest
from fakes import REPOSITORY, switchyard
from yard.cli import scaffold
from yard.errors import UsageError

PARTS = ("impl/CMakeLists.txt", "impl/serial/cells.hpp")
TABLES = ("impl/*/model.cpp", "bench/contract/workloads/*.hpp")


@pytest.fixture
def tree(tmp_path):
    """The files that a scaffold edits."""
    tables = [file for pattern in TABLES for file in REPOSITORY.glob(pattern)]
    for file in [REPOSITORY / part for part in PARTS] + tables:
        copy = tmp_path / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return tmp_path


def test_a_model_speaks_of_every_workload(tree):
    files = scaffold.model(tree, "strand")
    table = (tree / "impl/strand/model.cpp").read_text()
    known = scaffold.workloads(tree)
    assert {"echo", "fetch_data", "spawn"} <= set(known) and "noop" not in known
    for workload in known:
        assert (f'declined("{workload}", ' in table) != (workload == "hash_blocks")
    assert not [file for file in files if "@" in file.read_text()]


def contents(root):
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def changed(root, before):
    after = contents(root)
    assert set(before) <= set(after)
    return {name for name in after if before.get(name) != after[name]}


def test_a_model_touches_its_folder_alone(tree):
    before = contents(tree)
    written = scaffold.model(tree, "strand")
    assert changed(tree, before) == {str(file.relative_to(tree)) for file in written}
    assert {name.rpartition("/")[0] for name in changed(tree, before)} == {"impl/strand"}


def test_a_workload_touches_its_contract_its_oracle_and_the_models_that_speak_of_it(tree):
    tables = {str(table.relative_to(tree)) for table in tree.glob("impl/*/model.cpp")}
    before = contents(tree)
    written = scaffold.workload(tree, "tally")
    assert changed(tree, before) == {str(file.relative_to(tree)) for file in written}
    assert changed(tree, before) == tables | {
        "bench/contract/workloads/tally.hpp",
        "bench/oracle/tally.cpp",
        "impl/serial/tally.cpp",
        "impl/serial/cells.hpp",
    }


def test_a_workload_is_in_every_table_once(tree):
    scaffold.workload(tree, "tally")
    tables = list(tree.glob("impl/*/model.cpp"))
    assert len(tables) > 5
    for table in tables:
        text = table.read_text()
        own = table.parent.name == "serial"
        assert text.count("tally") == (2 if own else 1)  # serial: the type and its maker
        assert (
            "supports<tally>(serial::make_tally)" if own else 'declined("tally", "not written yet")'
        ) in text
    assert "tally" in scaffold.workloads(tree)


def test_nothing_that_exists_is_overwritten(tree):
    scaffold.model(tree, "strand")
    (tree / "impl/strand/model.cpp").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        scaffold.model(tree, "strand")
    assert (tree / "impl/strand/model.cpp").read_text() == "mine"


@pytest.mark.parametrize("language", scaffold.LANGUAGES)
def test_a_worker_touches_its_folder_alone(tree, language):
    before = {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    files = scaffold.foreign(tree, "gull", language)
    changed = [file for file in before if file.read_bytes() != before[file]]
    assert changed == []
    assert {file.parent for file in files} == {tree / "impl/gull"}
    assert not [file for file in files if "@name@" in file.read_text()]
    with pytest.raises(UsageError, match="exists already"):
        scaffold.foreign(tree, "gull", language)


@pytest.mark.parametrize(
    "words",
    [("foreign", "gull"), ("model", "gull", "--lang", "go"), ("foreign", "x", "--lang", "c")],
)
def test_a_language_is_for_workers_and_they_need_one(tree, words):
    ended = switchyard(tree, "new", *words, "--root", tree)
    assert ended.returncode == 64 and "--lang" in ended.stderr
    assert not (tree / "impl/gull").exists()


@pytest.mark.parametrize("name", ["Strand", "1st", "a-b", "../x", "class", "", "a__b"])
def test_a_name_must_be_one_in_every_language(tree, name):
    with pytest.raises(UsageError, match="is no name"):
        scaffold.model(tree, name)


def test_the_command_tells_what_to_do_next(tree):
    ended = switchyard(tree, "new", "model", "strand", "--root", tree)
    assert ended.returncode == 0 and "impl/strand/hash_blocks.cpp" in ended.stdout
    assert "verify --models strand" in ended.stdout


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(
    shutil.which("cmake") is None or not (REPOSITORY / ".git").exists(),
    reason="no cmake or no repository",
)
def test_a_scaffold_builds_and_verifies(tmp_path):
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True
    ).stdout
    subprocess.run(["tar", "x"], cwd=tmp_path, input=archive, check=True)
    assert switchyard(tmp_path, "new", "model", "strand", "--root", tmp_path).returncode == 0
    assert switchyard(tmp_path, "new", "workload", "tally", "--root", tmp_path).returncode == 0
    workers = {}
    for language, tool in {"python": "python3", "rust": "rustc", "go": "go", "c++": "c++"}.items():
        if shutil.which(tool):
            workers[f"gull_{tool.replace('+', 'p')}"] = language
    assert {"python", "c++"} <= set(workers.values())
    for name, language in workers.items():
        made = switchyard(tmp_path, "new", "foreign", name, "--lang", language, "--root", tmp_path)
        assert made.returncode == 0, made.stderr
    subprocess.run(["cmake", "--preset", "ci"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        ["ninja", "-C", "build/release"]
        + [f"switchyard-{name}" for name in ("strand", "serial", *workers)],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "CCACHE_BASEDIR": str(tmp_path)},
    )
    ended = switchyard(
        tmp_path,
        "verify",
        "--json",
        "--models",
        ",".join(["strand", "serial", *workers]),
        "--workloads",
        "hash_blocks,tally",
        "--build",
        tmp_path / "build/release",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {cell["cell"]: cell["verdict"] for cell in json.loads(ended.stdout)["cells"]} == {
        "serial/hash_blocks": "ok",
        "serial/tally": "ok",
        "strand/hash_blocks": "ok",
        **{f"{name}/hash_blocks": "ok" for name in workers},
    }
