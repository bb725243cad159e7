# SPDX-License-Identifier: MIT
"""A private Slurm cluster of pretended nodes on this machine: on loopback only, as whoever starts it.

The nodes share this machine's CPUs. So that they do not measure each other, all jobs need the one license `machine`, of
which there is one: they run one after another.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Sequence

from yard.data.models import REPOSITORY
from yard.data.store import make_folder, write_atomically
from yard.errors import UsageError, YardError
from yard.fleet.config import REFUSED, Fleet, Member
from yard.fleet.orders import RESULTS
from yard.fleet.slurm import PACKAGES, Slurm, missing, program
from yard.text import numbers

RECORD = RESULTS / "cluster.json"
MOST_NODES = 64
READY_S = 60.0
STEP_S = 0.1

CONF = """\
ClusterName=yard
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdLogFile={folder}/slurmd.%n.log
SlurmdSpoolDir={folder}/spool.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobcomp.txt
SelectType=select/linear
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=3,sched_interval=5
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=5
MinJobAge=86400
JobRequeue=1
SlurmdParameters=config_overrides
Licenses=machine:1
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
{prolog}{nodes}
PartitionName=bench Nodes=ALL Default=YES OverSubscribe=EXCLUSIVE MaxTime=24:00:00 State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
    "CoresPerSocket={cpus} RealMemory=512 Feature={features} State=UNKNOWN"
)


def running() -> dict[str, Any] | None:
    """What `up` noted, if that cluster is still there."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        folder = Path(record["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if _pid(folder / "slurmctld.pid", folder) else None


def fleet() -> Fleet | None:
    """The fleet of the private cluster, None if it is not up."""
    record = running()
    if record is None:
        return None
    members = tuple(
        Member(
            name=entry["name"],
            classes=("local",),
            cpus=entry.get("cpus", ""),
            build=Path(entry["build"]) if entry.get("build") else None,
        )
        for entry in record["machines"]
    )
    return Fleet(
        members, Path(record["folder"]) / "slurm.conf", tuple(record["refuse"]), "the local cluster"
    )


def up(
    count: int, cpus: Sequence[str], build: Path | None, prepare: bool, refuse: Sequence[str] = ()
) -> Fleet:
    """Starts `count` nodes; returns when all of them are idle. Throws YardError, and then nothing is left."""
    if not 1 <= count <= MOST_NODES:
        raise UsageError(f"--local {count}: a machine pretends to be 1 to {MOST_NODES} nodes")
    if absent := missing():
        raise YardError(
            f"Slurm is not installed here ({', '.join(absent)} not found). Install it with: "
            f"scripts/setup --fleet, or: sudo apt-get install {' '.join(PACKAGES)}"
        )
    if running():
        raise UsageError(
            "a local cluster is up already; end it with: scripts/switchyard fleet down"
        )
    # Unix sockets have short names: the folder cannot lie below the repository. It is ours alone.
    folder = Path(tempfile.mkdtemp(prefix="switchyard-fleet-"))
    machines = [
        {
            "name": f"node{number + 1}",
            "cpus": cpus[number % len(cpus)] if cpus else "",
            "build": str(build.resolve()) if build else "",
        }
        for number in range(count)
    ]
    record = {
        "schema": 1,
        "folder": str(folder),
        "machines": machines,
        "refuse": list(refuse or REFUSED),
    }
    try:
        _start(folder, [entry["name"] for entry in machines], prepare)
        make_folder(RECORD.parent)
        write_atomically(RECORD, json.dumps(record, indent=1) + "\n")
    except BaseException:
        _stop(folder)
        raise
    found = fleet()
    if found is None:
        raise YardError("the local cluster ended at once; try again")
    return found


def _start(folder: Path, names: Sequence[str], prepare: bool) -> None:
    host = socket.gethostname().split(".")[0]
    ports = _free_ports(len(names) + 1)
    nodes = [
        NODE.format(
            name=name, host=host, port=port, cpus=os.cpu_count() or 1, features="local,loopback"
        )
        for name, port in zip(names, ports[1:])
    ]
    prolog = "".join(_hook(folder, kind) for kind in ("Prolog", "Epilog")) if prepare else ""
    for name in ("munge", "state"):
        (folder / name).mkdir(mode=0o700)
    conf = folder / "slurm.conf"
    conf.write_text(
        CONF.format(
            host=host,
            folder=folder,
            controller_port=ports[0],
            user=pwd.getpwuid(os.geteuid()).pw_name,
            nodes="\n".join(nodes),
            prolog=prolog,
        ),
        encoding="utf-8",
    )
    _start_munge(folder / "munge")
    _daemon(folder, "slurmctld", "-f", str(conf))
    for name in names:
        _daemon(folder, "slurmd", "-f", str(conf), "-N", name)
    _wait_until_idle(Slurm(conf), folder, len(names))


def _hook(folder: Path, kind: str) -> str:
    """A line of slurm.conf that prepares or restores the machine around each job."""
    command = {"Prolog": "prepare", "Epilog": "restore"}[kind]
    file = folder / command
    launcher = REPOSITORY / "scripts" / "switchyard"
    file.write_text(
        "#!/bin/sh\n"
        f"export SLURM_CONF='{folder}/slurm.conf'\n"
        f'exec "{launcher}" fleet {command} --node "$SLURMD_NODENAME"\n',
        encoding="utf-8",
    )
    file.chmod(0o700)
    return f"{kind}={file}\n"


def _start_munge(folder: Path) -> None:
    key = folder / "key"
    _daemon(folder.parent, "mungekey", "--create", f"--keyfile={key}")
    _daemon(
        folder.parent,
        "munged",
        "--force",  # the folder for temporary files is writable for all, ours below it is not
        f"--key-file={key}",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/munged.pid",
        f"--log-file={folder}/munged.log",
        f"--seed-file={folder}/seed",
        "--num-threads=2",
    )


def _daemon(folder: Path, name: str, *arguments: str) -> None:
    """Starts a program that goes into the background by itself."""
    log = folder / "start.log"
    with open(log, "ab") as output:
        code = subprocess.run(
            [program(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=READY_S,
        ).returncode
    if code != 0:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise YardError(f"{name} ended with {code}: {(lines or ['it says nothing'])[-1]}")


def _wait_until_idle(slurm: Slurm, folder: Path, count: int) -> None:
    until = time.monotonic() + READY_S
    state = "no answer"
    while time.monotonic() < until:
        try:
            nodes = slurm.nodes()
            if sum(node.state == "idle" for node in nodes) == count:
                return
            state = ", ".join(f"{node.name} {node.state}" for node in nodes)
        except YardError as error:
            state = str(error)
        time.sleep(STEP_S)
    log = folder / "slurmctld.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    raise YardError(
        f"the nodes did not come up in {numbers.fixed(READY_S)} s ({state}): {(lines or ['no log'])[-1]}"
    )


def _free_ports(count: int) -> list[int]:
    """Slurm takes no port 0: these were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _pid(file: Path, folder: Path) -> int | None:
    """The process of a pid file, if it is alive and one of the cluster in `folder`."""
    try:
        pid = int(file.read_text().strip())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(folder).encode() in command else None


def _members(folder: Path) -> list[int]:
    """Every process whose command line names the cluster's folder: the daemons and their steps."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # it has ended meanwhile
    return found


def _stop(folder: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _members(folder):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        until = time.monotonic() + 10
        while _members(folder) and time.monotonic() < until:
            time.sleep(STEP_S)
    shutil.rmtree(folder, ignore_errors=True)


def down() -> str:
    """Ends the private cluster with all its jobs; what they measured stays. One line that says what was done."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        folder = Path(record["folder"])
    except FileNotFoundError:
        raise UsageError("no local cluster is up") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise YardError(
            f"{RECORD} cannot be read; end the daemons by hand, then remove it"
        ) from None
    if running():
        slurm = Slurm(folder / "slurm.conf")
        try:
            slurm.call("scancel", "--state=RUNNING", f"--user={os.geteuid()}")
        except YardError:
            pass  # the controller is ending: the processes are ended below all the same
    _stop(folder)
    RECORD.unlink()
    return f"{len(record['machines'])} nodes ended"
