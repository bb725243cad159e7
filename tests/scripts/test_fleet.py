# SPDX-License-Identifier: MIT
"""The fleet: its file, its orders and archives; and three pretended nodes of a real Slurm, one of which dies."""

import io
import json
import os
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

import fakes
from process_watch import until
from yard.errors import UsageError, YardError
from yard.fleet import collect, config, cpus, orders, slurm, tree
from yard.fleet.machine_matrix import Entry, Row
from yard.fleet.orders import Order
from yard.stats.estimates import Ratio

WITHOUT_SLURM = bool(slurm.missing()) and f"Slurm: apt-get install {' '.join(slurm.PACKAGES)}"


def fleet_file(tmp_path, text):
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    return file


def test_a_fleet_is_read(tmp_path):
    found = config.read(
        fleet_file(
            tmp_path,
            '[fleet]\nslurm_conf = "/x/slurm.conf"\nrefuse = ["neighbours"]\n'
            '[[machine]]\nname = "arm1"\nclass = ["arm64", "lab"]\ncheckout = "/srv/yard"\n'
            '[[machine]]\nname = "epyc1"\nclass = "lab"\ncpus = "0,2-3"\n',
        )
    )
    assert found.names == ["arm1", "epyc1"] and found.refuse == ("neighbours",)
    assert [m.name for m in found.of_class("lab")] == ["arm1", "epyc1"]
    assert found.named("epyc1").cpus == "0,2-3" and str(found.slurm_conf) == "/x/slurm.conf"
    with pytest.raises(UsageError, match="did you mean arm64"):
        found.of_class("arm46")


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "names no machine"),
        ("[[machine]]\n", "number 1 has no name"),
        ('[[machine]]\nname = "../x"\n', "cannot be a machine's name"),
        ("[[machine]]\nname = 7\n", "must be one line of text"),
        ('[[machine]]\nname = "a"\nclas = "x"\n', "did you mean class"),
        ('[[machine]]\nname = "a"\n[[machine]]\nname = "a"\n', "names a twice"),
        ('[[machine]]\nname = "a"\nclass = [1]\n', "must be one line of text"),
        ("machine = 3\n", "names no machine"),
        ("[fleet\n", "is not TOML"),
        ('[flet]\n[[machine]]\nname = "a"\n', "did you mean fleet"),
    ],
)
def test_a_wrong_fleet_file_is_one_line(tmp_path, text, complaint):
    with pytest.raises(UsageError, match=complaint) as error:
        config.read(fleet_file(tmp_path, text))
    assert "\n" not in str(error.value)


def test_sets_of_cpus():
    assert cpus.parse("0,2-4") == {0, 2, 3, 4}
    for wrong in ("", "a", "3-1", "0,", "-1", "99999"):
        with pytest.raises(UsageError, match="is no set of CPUs"):
            cpus.parse(wrong)


def test_an_order_travels_and_a_forged_one_is_refused():
    order = Order("20300101T000000Z-abc1234", "arm1", "run", "abc", ("--preset", "smoke; rm"))
    assert orders.decoded(order.encoded()) == order
    for wrong in (
        "",
        "e30=",
        Order("../../etc", "arm1", "run", "abc").encoded(),
        Order("20300101T000000Z-abc1234", "arm 1", "run", "abc").encoded(),
        Order("20300101T000000Z-abc1234", "arm1", "rm", "abc").encoded(),
        Order("20300101T000000Z-abc1234", "arm1", "run", "abc", version=99).encoded(),
    ):
        with pytest.raises(UsageError):
            orders.decoded(wrong)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_the_checkout_of_another_user_is_cloned_and_no_other_folder(tmp_path):
    """As the job of a machine does whose clone an administrator made."""
    for name in ("it's ours", "other"):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run([*git, "init", "-q", tmp_path / name], check=True, timeout=60)
        commit = [*git, "commit", "-q", "--allow-empty", "-m", "x"]
        subprocess.run(commit, cwd=tmp_path / name, check=True, timeout=60)
        subprocess.run(["chown", "-R", "nobody", tmp_path / name], check=True, timeout=60)
    bare = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
    words = tree._clone(tmp_path / "it's ours", tmp_path / "copy")
    assert subprocess.run(words, env=bare, timeout=60).returncode == 0
    assert (tmp_path / "copy" / ".git").is_dir()
    wrong = [str(tmp_path / "other") if word == words[-2] else word for word in words]
    assert subprocess.run(wrong[:-1] + [str(tmp_path / "no")], env=bare, timeout=60).returncode


def archive(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(text)
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            tar.addfile(info, io.BytesIO(text))
    out.seek(0)
    return out


def test_an_archive_is_unpacked_below_its_machine_alone(tmp_path):
    target = tmp_path / "arm1"
    good = archive(("arm1/run-1/samples.jsonl", tarfile.REGTYPE, b"x\n"))
    assert collect.unpack(good, "arm1", target) == 1
    assert (target / "run-1" / "samples.jsonl").read_bytes() == b"x\n"
    for name, kind in (
        ("epyc1/state.json", tarfile.REGTYPE),
        ("arm1/../../x", tarfile.REGTYPE),
        ("/arm1/x", tarfile.REGTYPE),
        ("arm1/link", tarfile.SYMTYPE),
        ("arm1/hard", tarfile.LNKTYPE),
        ("arm1/pipe", tarfile.FIFOTYPE),
    ):
        with pytest.raises(YardError, match="arm1 sent"):
            collect.unpack(archive((name, kind, b"")), "arm1", target)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["samples.jsonl"]


def row(*ratios):
    entries = [
        Entry(f"m{i}", "ok", "", Ratio(r, *((r - w, r + w) if w else (None, None))), 1.0)
        for i, (r, w) in enumerate(ratios)
    ]
    return Row("echo", (("connections", 1),), "cpu_per_unit_ns", "fiber", tuple(entries))


def test_a_claim_says_where_it_holds():
    assert row((1.2, 0.1), (1.3, 0.1), (1.1, 0.05)).claim == "above the floor: holds on 3 of 3"
    assert row((1.2, 0.1), (1.3, 0.1), (1.0, 0.1)).claim.endswith("holds on 2 of 3; level on m2")
    assert row((1.2, 0.1), (1.2, 0)).claim.endswith("holds on 1 of 2; open on m1")
    assert row((1.2, 0)).claim.startswith("open")
    mixed = row((1.2, 0.1), (1.2, 0.1), (0.8, 0.1))
    assert mixed.differs and mixed.claim.endswith("holds on 2 of 3; below on m2")


def test_without_slurm_it_runs_on_this_machine_alone(tmp_path):
    # A folder without any of Slurm's programs on the PATH is what a machine without Slurm has.
    done = fakes.switchyard(tmp_path, "fleet", "status", SWITCHYARD_FLEET=str(tmp_path / "fleet"))
    assert done.returncode == 64 and "no campaign yet" in done.stderr


@pytest.fixture
def yard(tmp_path):
    """Calls `switchyard fleet ...` with results of its own; whatever is up afterwards is ended."""
    if WITHOUT_SLURM:
        pytest.skip(WITHOUT_SLURM)
    home = {"SWITCHYARD_FLEET": str(tmp_path / "fleet"), "HOME": str(tmp_path)}

    def call(*arguments):
        return fakes.switchyard(tmp_path, "fleet", *arguments, **home)

    call.folder = tmp_path / "fleet"
    call.start = lambda *arguments: fakes.start(tmp_path, "fleet", *arguments, **home)
    yield call
    call("down")


def cluster_folder(yard):
    return Path(json.loads((yard.folder / "cluster.json").read_text())["folder"])


def processes_of(folder, node):
    """slurmd of a node and all that descends from it."""
    (slurmd,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal()
        and (words := read(entry / "cmdline").split(b"\0"))
        and words[0].endswith(b"slurmd")
        and node.encode() in words
        and str(folder).encode() in b" ".join(words)
    ]
    return [slurmd]


def read(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""


def parent_of(pid):
    text = read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return int(text[1]) if text else 0


def steps_of(campaign_folder, node):
    """The processes of the node's job, after the slurmstepd that would report their end."""
    wanted = f"SLURMD_NODENAME={node}".encode()
    ours = f"SWITCHYARD_FLEET={campaign_folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            environment = read(entry / "environ").split(b"\0")
            if wanted in environment and ours in environment:
                found.append(int(entry.name))
    parents = {parent_of(pid) for pid in found}
    keepers = [p for p in parents if b"slurmstepd" in read(Path(f"/proc/{p}/cmdline"))]
    return [*keepers, *found]


@pytest.mark.timeout(600)
def test_a_node_that_dies_is_requeued_resumed_and_complete(yard, tmp_path):
    build = fakes.build(tmp_path / "build", "floor", "fiber")
    up = yard("up", "--local", "3", "--build", build, "--cpus", "0")
    assert up.returncode == 0, up.stderr
    assert "already" in yard("up", "--local", "1").stderr
    folder = cluster_folder(yard)
    assert folder.stat().st_mode & 0o777 == 0o700
    run = yard.start("run", "--each", "--", "--workloads", "count", "--rounds", "12")

    def node2_has_samples():
        for file in yard.folder.glob("*/node2/run-1/samples.jsonl"):
            if file.read_bytes().count(b"\n") >= 20:
                return file
        return None

    samples = until(node2_has_samples, 300)
    before = samples.read_bytes()
    for pid in processes_of(folder, "node2") + steps_of(yard.folder, "node2"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def is_down():
        text = subprocess.run(
            ["sinfo", "-h", "-N", "-n", "node2", "-o", "%T"],
            env=environment,
            capture_output=True,
            text=True,
        ).stdout
        return "down" in text

    until(is_down)
    restart = [slurm.program("slurmd"), "-f", str(folder / "slurm.conf"), "-N", "node2"]
    subprocess.run(restart, check=True, env={**os.environ, "SWITCHYARD_FLEET": str(yard.folder)})
    out, err = run.communicate(timeout=300)
    assert run.returncode == 0, (out, err)
    assert samples.read_bytes().startswith(before), "what was measured is kept"
    state = json.loads((samples.parents[1] / "state.json").read_text())
    assert state["started"] == 2 and [a["folder"] for a in state["attempts"]] == ["run-1"]
    meta = json.loads((samples.parent / "meta.json").read_text())
    assert meta["machine"] == "node2" and meta["run"].endswith("-node2") and meta["ended"]

    report = yard("report")
    assert report.returncode == 0, report.stderr
    page = Path(report.stdout.strip())
    document = json.loads((page.parent / "fleet.json").read_text())
    assert [m["name"] for m in document["machines"]] == ["node1", "node2", "node3"]
    for entry in next(r for r in document["rows"] if r["contender"] == "fiber")[
        "machines"
    ].values():
        assert entry["verdict"] == "ok" and entry["times_floor"] > 0
    assert "pretended nodes" in page.read_text()
    assert 'data-page="node3.html"' in (page.parent / "node1.html").read_text()

    down = yard("down")
    assert down.returncode == 0, down.stderr
    assert not folder.exists()
    left = [e for e in Path("/proc").iterdir() if str(folder).encode() in read(e / "cmdline")]
    assert left == []
    assert yard("down").returncode == 64


@pytest.mark.timeout(200)
def test_what_hinders_a_job_is_one_line_and_an_exit_code(yard, tmp_path):
    build = fakes.build(tmp_path / "build", "floor")
    assert yard("up", "--local", "1", "--build", build).returncode == 0
    done = yard("run", "--", "--models", "flor")
    assert done.returncode == 64 and "did you mean floor" in done.stdout
    done = yard("run", "--any", "x86", "--", "--rounds", "1")
    assert done.returncode == 64 and "has no class 'x86'" in done.stderr
    done = yard("run", "--", "--out", "/tmp/x")
    assert done.returncode == 64 and "leave it out" in done.stderr
