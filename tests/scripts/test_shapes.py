# SPDX-License-Identifier: MIT
"""Machines of odd shapes: quotas of control groups, refused system calls, processors without a name."""

import ctypes
import math
import os
import struct

import pytest

from yard.data import host
from yard.data.cpu_quota import cpu_quota, usable_cpus
from yard.doctor import checks
from yard.doctor.machine import IO_URING_SETUP, Machine

V1 = "5:memory:/\n4:cpu,cpuacct:/docker/a\n"
HYBRID = "1:name=systemd:/x\n0::/x\n" + V1


@pytest.mark.parametrize(
    "groups, limits, expected",
    [
        ("0::/\n", {"/cpu.max": "max 100000"}, math.inf),
        ("0::/\n", {"/cpu.max": "50000 100000"}, 0.5),
        ("0::/a/b\n", {"/a/cpu.max": "150000 100000", "/a/b/cpu.max": "max 100000"}, 1.5),
        ("0::/not/seen/from/inside\n", {"/cpu.max": "200000 100000"}, 2),
        (V1, {"/cpu,cpuacct/docker/a/cpu.cfs": (-1, 100000)}, math.inf),
        (V1, {"/cpu,cpuacct/docker/a/cpu.cfs": (50000, 100000)}, 0.5),
        (V1, {"/cpu/docker/cpu.cfs": (50000, 100000), "/cpu/cpu.cfs": (-1, 100000)}, 0.5),
        (HYBRID, {"/cpu,cpuacct/cpu.cfs": (100000, 50000)}, 2),
        (V1, {}, None),
        (None, {"/cpu.max": "300000 100000"}, 3),
        ("0::/\n", {"/cpu.max": "9" * 400 + " 1"}, None),
        ("nonsense\n0::\n", {"/cpu.max": "x y"}, None),
    ],
)
def test_the_least_quota_of_a_group_and_those_above_counts(groups, limits, expected):
    texts = {"/proc/self/cgroup": groups}
    for path, value in limits.items():
        if isinstance(value, str):
            texts["/sys/fs/cgroup" + path] = value
        else:
            texts[f"/sys/fs/cgroup{path}_quota_us"] = str(value[0])
            texts[f"/sys/fs/cgroup{path}_period_us"] = str(value[1])
    assert cpu_quota(texts.get) == expected


@pytest.mark.parametrize(
    "limit, expected",
    [("max 100000", [3, 64, 200]), ("150000 100000", [3, 64]), ("50000 100000", [3])],
)
def test_workers_follow_the_quota(limit, expected):
    texts = {"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": limit}
    assert usable_cpus(texts.get, allowed=[200, 3, 64]) == expected


def test_a_run_is_warned_of_a_quota(monkeypatch):
    monkeypatch.setattr(host.cpu_quota, "cpu_quota", lambda read: 0.5)
    described = host.describe()
    assert described["cpu_quota"] == 0.5
    assert any("to 0.5 CPUs" in text for text in host.warnings(described))


def test_a_processor_without_a_name_has_its_numbers():
    cpuinfo = "processor\t: 0\nCPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n"
    assert "implementer 0x41, part 0xd0c" in (host._arm_model(cpuinfo) or "")
    assert host._arm_model("processor : 0\n") is None


def refuse_io_uring():
    """A seccomp filter as a container has: EPERM for this call, all others allowed."""
    load, equal, end = 0x20, 0x15, 0x06
    program = [(load, 0, 0, 0), (equal, 0, 1, IO_URING_SETUP), (end, 0, 0, 0x00050001)]
    program.append((end, 0, 0, 0x7FFF0000))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = struct.pack("HP", len(program), ctypes.addressof(code))
    library = ctypes.CDLL(None, use_errno=True)
    assert library.prctl(38, 1, 0, 0, 0) == 0 and library.prctl(22, 2, header, 0, 0) == 0


def test_io_uring_that_a_filter_refuses_is_not_called_allowed():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            refuse_io_uring()
            finding = checks.io_uring(Machine())
            text = f"{finding.level} {finding.value}" if finding else "nothing"
        except BaseException as error:
            text = repr(error)
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    text = os.read(reader, 1000).decode()
    os.close(reader)
    os.waitpid(child, 0)
    if "disabled" in text or "privileged" in text:
        pytest.skip("this kernel has it switched off for all")
    assert text.startswith("note refused: Operation not permitted")
