# SPDX-License-Identifier: MIT
"""Links that are up, in network namespaces that the test makes: what is measured, who is let in, what happens when an end
or the link is lost, and that nothing is left behind."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import fakes
from process_watch import cmdline, family, until
from yard import errors
from yard.data import samples
from yard.link import link_request, namespaces, over_link
from yard.link.link_end import LinkMissing

BIN = fakes.REPOSITORY / "build" / "release" / "bin"
AGENT, FLOOR = BIN / "switchyard-agent", BIN / "switchyard-floor"
LONG = {"connections": 2, "messages": 60_000, "rate_per_s": 1_000}  # a minute

pytestmark = pytest.mark.skipif(
    not (AGENT.exists() and FLOOR.exists()), reason="not built: scripts/build release model-floor"
)


@contextlib.contextmanager
def opened(text="netns"):
    try:
        with over_link.opened(link_request.parse_link(text), BIN) as over:
            yield over
    except LinkMissing as error:
        pytest.skip(str(error))


def interfaces():
    return Path("/proc/net/dev").read_text()


def start_cell(over, file, **sizes):
    end = over.end()
    words = [*end.before, FLOOR, "--cell", "echo/epoll", "--preset", "smoke", "--point", "0"]
    words += ["--timeout", "90", "--samples", file, *end.flags]
    for name, value in sizes.items():
        words += ["--set", f"{name}={value}"]
    return subprocess.Popen(
        words, env=dict(end.environment()), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def busy_child(agent_pid):
    """The load generator, once it has sent for a while."""
    for pid in family(agent_pid):
        with contextlib.suppress(OSError, IndexError):
            spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            if sum(map(int, spent)) >= 2:
                return pid
    return None


def test_a_run_over_a_limited_rate_is_whole_and_leaves_nothing(tmp_path):
    with opened("netns,rate=200mbit"):
        pass  # or skipped
    out = tmp_path / "run"
    flags = ["--preset", "smoke", "--rounds", "1", "--quiet", "--out", out]
    cells = ["--cells", "floor/echo/epoll,floor/accept/epoll"]
    link = ["--link", "netns,rate=200mbit"]
    done = fakes.switchyard(tmp_path, "run", *link, *cells, *flags, "--build", BIN.parent)
    assert done.returncode == 0, done.stderr
    run = samples.read_run(out)
    assert {s["verdict"] for s in run.samples} <= {"ok", "disturbed", "rig_limited", "unstable"}
    assert {s["workload"] for s in run.samples} == {"echo", "accept"}
    for sample in run.samples:
        assert sample["cpu_ns"] is not None  # the server's clocks were read beside it
        assert sample["client"]["edges"]["open_round_trip_ns"] > 0
    link = run.meta["link"]
    assert link["name"].startswith("netns,rate=200mbit,mtu=1500,interfaces=")
    assert link["rate_bit_s"] == 200_000_000 and link["round_trip"]["median_ns"] > 0
    assert link["server"]["interface"]["offloads"].keys() >= {"tcp-segmentation-offload"}
    assert namespaces.INTERFACE not in interfaces()
    again = fakes.switchyard(tmp_path, "run", "--resume", out, "--quiet")
    assert again.returncode == 0, again.stderr


def test_the_load_generator_is_in_the_other_namespace(tmp_path):
    with opened() as over:
        cell = start_cell(over, tmp_path / "samples", **LONG)
        try:
            client = until(lambda: busy_child(over.agent_pid))
            assert os.readlink(f"/proc/{client}/ns/net") != os.readlink(f"/proc/{cell.pid}/ns/net")
        finally:
            cell.kill()
            cell.wait()
        until(lambda: not fakes.alive(client))  # the cell is gone: nobody needs its load


def test_an_agent_that_is_killed_costs_one_round(tmp_path):
    file = tmp_path / "samples"
    with opened() as over:
        cell = start_cell(over, file, **LONG)
        client = until(lambda: busy_child(over.agent_pid))
        os.kill(over.agent_pid, signal.SIGKILL)
        assert cell.wait(60) == 0
        (sample,) = lines(file)
        assert sample["verdict"] == "skipped"
        assert "the load generator was lost" in sample["reason"]
        until(lambda: not fakes.alive(client))
        cell = start_cell(over, file)  # by an agent that was started anew
        assert cell.wait(60) == 0
        assert lines(file)[-1]["verdict"] != "skipped"


def test_a_link_that_is_taken_down_is_no_fault_of_the_model(tmp_path):
    file = tmp_path / "samples"
    with opened() as over:
        down = ["ip", "link", "set", namespaces.INTERFACE, "down"]
        cell = start_cell(over, file, **LONG)
        client = until(lambda: busy_child(over.agent_pid))
        subprocess.run([*over.end().before, *down], check=True)
        assert cell.wait(60) == 0
        until(lambda: not fakes.alive(client))
        cell = start_cell(over, file)  # and the next one finds no agent
        assert cell.wait(60) == 0
    first, second = lines(file)
    assert first["verdict"] == second["verdict"] == "skipped"
    assert "the load generator was lost" in first["reason"]
    assert "the agent of the load generator at 10.77.0.2" in second["reason"]


def test_a_run_that_is_killed_leaves_nothing(tmp_path):
    with opened():
        pass
    out = tmp_path / "run"
    flags = ["--cells", "floor/echo/epoll", "--preset", "smoke", "--quiet", "--out", out]
    sizes = [word for name, value in LONG.items() for word in ("--set", f"{name}={value}")]
    run = fakes.start(tmp_path, "run", "--link", "netns", *flags, *sizes, "--build", BIN.parent)
    try:
        until(lambda: (out / "samples.jsonl").exists())
        agent = until(lambda: next((p for p in family(run.pid) if b"serve" in cmdline(p)), None))
        until(lambda: busy_child(agent))
        all_of_it = family(run.pid)
    finally:
        run.kill()
        run.communicate()
    assert len(all_of_it) >= 5  # two holders, the agent, the cell, the load generator
    until(lambda: not any(map(fakes.alive, all_of_it)))


def test_what_the_kernel_lacks_is_said_in_one_line(tmp_path):
    with opened():
        pass
    netem = ["unshare", "-r", "-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem"]
    if subprocess.run([*netem, "delay", "1ms"], capture_output=True).returncode == 0:
        with opened("netns,delay=2ms") as over:
            assert over.facts["round_trip"]["least_ns"] >= 4_000_000
        return
    out = tmp_path / "run"
    flags = ["--link", "netns,delay=2ms", "--out", out, "--build", BIN.parent]
    done = fakes.switchyard(tmp_path, "run", *flags)
    assert done.returncode == errors.HARNESS and not out.exists()
    assert "skipped: this kernel has no qdisc netem" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_another_host_is_reached_by_what_stands_for_ssh(tmp_path):
    """This end runs in one namespace of the test, and `ssh` leads into the other."""
    out, ssh = tmp_path / "run", tmp_path / "ssh"
    flags = ["--cells", "floor/echo/epoll", "--preset", "smoke", "--quiet", "--out", str(out)]
    try:
        with namespaces.connected(link_request.parse_link("netns")) as pair:
            into = " ".join(pair.client)
            ssh.write_text(f'#!/bin/sh\n[ "$1" = load1 ] && exec {into} sh -c "$2"\nexit 255\n')
            ssh.chmod(0o755)
            host = f"load1,address={namespaces.CLIENT}"
            command = [*pair.server, str(fakes.LAUNCHER), "run", "--client-host", host, *flags]
            command += ["--build", str(BIN.parent)]
            environment = fakes.environment(tmp_path, SWITCHYARD_SSH=str(ssh))
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=100
            )
            assert done.returncode == 0, done.stderr
            command[command.index(host)] = f"other,address={namespaces.CLIENT}"
            command[command.index(str(out))] = str(tmp_path / "none")
            lost = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=100
            )
    except LinkMissing as error:
        pytest.skip(str(error))
    run = samples.read_run(out)
    assert run.meta["link"]["kind"] == "host" and run.meta["link"]["client"]["host"]
    assert {s["verdict"] for s in run.samples} <= {"ok", "disturbed", "rig_limited", "unstable"}
    assert lost.returncode == errors.HARNESS and "no agent starts on other" in lost.stderr
    assert len(lost.stderr.strip().splitlines()) == 1 and not (tmp_path / "none").exists()


def test_a_database_stands_at_the_other_end(tmp_path):
    file = tmp_path / "samples"
    with opened() as over:
        end = over.end()
        words = [*end.before, FLOOR, "--cell", "query", "--preset", "smoke", "--point", "0"]
        words += ["--iterations", "1", "--samples", file, *end.flags]
        done = subprocess.run(words, env=dict(end.environment()), capture_output=True, timeout=100)
        assert done.returncode == 0, done.stderr
        sample = lines(file)[-1]
        if sample["verdict"] == "skipped":
            pytest.skip(sample["reason"])
        assert sample["verdict"] in ("ok", "disturbed"), sample["reason"]
        until(lambda: not family(over.agent_pid))  # and has ended
