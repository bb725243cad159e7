# SPDX-License-Identifier: MIT
"""The name of a machine: chosen or found, the same each time, and safe as a folder and a label."""

import json

import pytest

import fakes
from yard.data import machine_name
from yard.engine import campaign
from yard.errors import UsageError


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path, monkeypatch):
    monkeypatch.delenv(machine_name.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_chosen_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv(machine_name.VARIABLE, "arm1")
    assert machine_name.machine_id() == "arm1"
    monkeypatch.delenv(machine_name.VARIABLE)
    machine_name.config_file().parent.mkdir(parents=True)
    machine_name.config_file().write_text("epyc.1\n")
    assert machine_name.machine_id() == "epyc.1"


@pytest.mark.parametrize("name", ["../x", "a b", "-a", "a/b", "a" * 65, "x\ny", "é"])
def test_a_name_that_cannot_be_one_is_refused(monkeypatch, name):
    monkeypatch.setenv(machine_name.VARIABLE, name)
    with pytest.raises(UsageError, match="cannot be a machine's name"):
        machine_name.machine_id()


def test_two_machines_of_one_host_name_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_name.socket, "gethostname", lambda: "lab node")
    files = [tmp_path / name for name in ("first", "second")]
    for file in files:
        file.write_text(file.name + "\n")
    names = [machine_name.machine_id((file,)) for file in files]
    assert names[0] != names[1] and names[0] == machine_name.machine_id((files[0],))
    assert all(
        machine_name.VALID.fullmatch(name) and name.startswith("lab-node-") for name in names
    )
    assert "first" not in names[0], "the machine id is confidential"
    assert machine_name.machine_id((tmp_path / "none",)) == "lab-node"


def test_the_machine_is_part_of_a_run(tmp_path):
    build = fakes.build(tmp_path / "build", "steady")
    folders = []
    for name in ("arm1", "x-86.2"):
        done = fakes.switchyard(
            tmp_path,
            "run",
            "--build",
            build,
            "--models",
            "steady",
            "--workloads",
            "count",
            "--preset",
            "smoke",
            "--out",
            tmp_path / name,
            SWITCHYARD_MACHINE=name,
        )
        assert done.returncode == 0, done.stderr
        meta = json.loads((tmp_path / name / "meta.json").read_text())
        assert meta["machine"] == name and meta["run"].endswith(f"-{name}")
        assert meta["workloads"] and "workloads" not in meta["describe"]["steady"]
        folders.append(campaign.folder_of(meta["run"]))
    assert [folder.parent.name for folder in folders] == ["arm1", "x-86.2"]
