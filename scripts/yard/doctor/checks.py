# SPDX-License-Identifier: MIT
"""One function a cause of bad numbers. Each reads a Machine and changes nothing; None: the machine does not say."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from yard.data import cpu_quota, packages
from yard.doctor.machine import Machine
from yard.text import numbers

GOOD, NOTE, MATTERS = "good", "note", "matters"
CPU = "/sys/devices/system/cpu"
PORTS = "/proc/sys/net/ipv4/ip_local_port_range"
PREEMPT = "/sys/kernel/debug/sched/preempt"
WANTED_DESCRIPTORS, WANTED_PORTS = 16384, 40000


@dataclass(frozen=True)
class Finding:
    name: str
    level: str
    value: str
    why: str = ""
    mend: str = ""
    settings: tuple[
        tuple[str, str], ...
    ] = ()  # what --fix writes; empty: left to the user, `mend` says how


def governor(machine: Machine) -> Finding | None:
    files = machine.glob(f"{CPU}/cpu[0-9]*/cpufreq/scaling_governor")
    values = {file: machine.read(file) or "unknown" for file in files}
    if not values:
        return None
    wrong = tuple((file, "performance") for file, value in values.items() if value != "performance")
    remark = ", ".join(sorted(set(values.values())))
    if not wrong:
        return Finding("governor", GOOD, remark)
    return Finding(
        "governor",
        MATTERS,
        remark,
        "the clock follows the load, so an idle model wakes on a slow CPU",
        f"echo performance | sudo tee {CPU}/cpu*/cpufreq/scaling_governor",
        wrong,
    )


def turbo(machine: Machine) -> Finding | None:
    for file, on, off in (
        (f"{CPU}/intel_pstate/no_turbo", "0", "1"),
        (f"{CPU}/cpufreq/boost", "1", "0"),
    ):
        value = machine.read(file)
        if value == off:
            return Finding("turbo", GOOD, "off")
        if value == on:
            return Finding(
                "turbo",
                NOTE,
                "on",
                "the clock falls as CPUs get busy and warm: one thread looks too good",
                f"echo {off} | sudo tee {file}",
                ((file, off),),
            )
    return None


def smt(machine: Machine) -> Finding | None:
    active = machine.read(f"{CPU}/smt/active")
    if active is None:
        return None
    if active != "1":
        return Finding("smt", GOOD, "off")
    return Finding(
        "smt",
        NOTE,
        "on",
        "two hardware threads share one core: speed-up above half the CPUs flattens",
        f"echo off | sudo tee {CPU}/smt/control",
    )


def cgroup_cpu(machine: Machine) -> Finding | None:
    quota = cpu_quota.cpu_quota(machine.read)
    if quota is None:
        return None
    if math.isinf(quota):
        return Finding("cgroup-cpu", GOOD, "no limit")
    return Finding(
        "cgroup-cpu",
        MATTERS,
        f"{numbers.fixed(quota, 2)} CPUs",
        "a group over its quota stops until the period ends: outliers",
        "start the container without --cpus, or give it whole CPUs with --cpuset-cpus",
    )


def descriptors(machine: Machine) -> Finding | None:
    match = re.search(
        r"^Max open files\s+(\S+)\s+(\S+)", machine.read("/proc/self/limits") or "", re.MULTILINE
    )
    if not match:
        return None
    soft, hard = match.groups()
    if soft == "unlimited" or int(soft) >= WANTED_DESCRIPTORS:
        return Finding("descriptors", GOOD, soft)
    possible = hard == "unlimited" or int(hard) >= WANTED_DESCRIPTORS
    mend = (
        f"ulimit -n {WANTED_DESCRIPTORS}"
        if possible
        else f"sudo prlimit --pid $$ --nofile={WANTED_DESCRIPTORS}"
    )
    return Finding(
        "descriptors",
        NOTE,
        f"{soft} (hard {hard})",
        "workloads with many connections need more",
        mend,
    )


def ports(machine: Machine) -> Finding | None:
    fields = (machine.read(PORTS) or "").split()
    if len(fields) != 2:
        return None
    count = int(fields[1]) - int(fields[0]) + 1
    if count >= WANTED_PORTS:
        return Finding("ephemeral-ports", GOOD, str(count))
    return Finding(
        "ephemeral-ports",
        NOTE,
        str(count),
        "a connection a request leaves each port unusable for a minute",
        "sudo sysctl net.ipv4.ip_local_port_range='15000 64999'",
        ((PORTS, "15000\t64999"),),
    )


def timer_slack(machine: Machine) -> Finding | None:
    slack = machine.number("/proc/self/timerslack_ns")
    if slack is None:
        return None
    if slack <= 1000:
        return Finding("timer-slack", GOOD, f"{slack} ns")
    return Finding(
        "timer-slack",
        NOTE,
        f"{slack} ns",
        "every sleep may end this much late; short waits look longer",
        "echo 1 > /proc/$$/timerslack_ns (in the shell that starts switchyard)",
    )


def mitigations(machine: Machine) -> Finding | None:
    files = machine.glob(f"{CPU}/vulnerabilities/*")
    if not files:
        return None
    active = [
        Path(file).name for file in files if (machine.read(file) or "").startswith("Mitigation")
    ]
    if not active:
        return Finding("mitigations", GOOD, "none active")
    return Finding(
        "mitigations",
        NOTE,
        ", ".join(active),
        "system calls and switches cost more than without; compare "
        "only machines with the same ones",
        "leave them on; they are part of the machine",
    )


def neighbours(machine: Machine) -> Finding | None:
    match = re.search(
        r"^some avg10=([\d.]+)", machine.read("/proc/pressure/cpu") or "", re.MULTILINE
    )
    if not match:
        return None
    waiting = float(match[1])
    if waiting < 5:
        return Finding(
            "neighbours", GOOD, f"{numbers.fixed(waiting)} % of 10 s with a task waiting for a CPU"
        )
    return Finding(
        "neighbours",
        MATTERS,
        f"{numbers.fixed(waiting)} % of 10 s with a task waiting for a CPU",
        "other programs hold the CPUs",
        "top -o %CPU, then end or move what should not run",
    )


def preemption(machine: Machine) -> Finding | None:
    match = re.search(r"\((\w+)\)", machine.read(PREEMPT) or "")
    if not match:
        return None
    if match[1] != "lazy":
        return Finding("preemption", GOOD, match[1])
    return Finding(
        "preemption",
        NOTE,
        "lazy",
        "a woken thread may wait for the next tick while another computes",
        f"echo full | sudo tee {PREEMPT}",
        ((PREEMPT, "full"),),
    )


def clock(machine: Machine) -> Finding | None:
    source = machine.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if source is None:
        return None
    if source in ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"):
        return Finding("clock", GOOD, source)
    return Finding(
        "clock",
        MATTERS,
        source,
        "each look at the clock is a system call",
        "boot with tsc=reliable if the hypervisor keeps it steady",
    )


def io_uring(machine: Machine) -> Finding | None:
    value = machine.number("/proc/sys/kernel/io_uring_disabled")
    refusal = machine.refusal_of_io_uring()
    if refusal and value in (None, 0):
        return Finding(
            "io_uring",
            NOTE,
            f"refused: {refusal}",
            "what uses io_uring is skipped or falls back",
            "a container's seccomp profile or the kernel refuses io_uring_setup: allow it there",
        )
    if value == 0 or (value is None and refusal == ""):
        return Finding("io_uring", GOOD, "allowed")
    if value is None:
        return None
    return Finding(
        "io_uring",
        NOTE,
        "for privileged users only" if value == 1 else "disabled",
        "what uses io_uring is skipped or falls back",
        "sudo sysctl kernel.io_uring_disabled=0",
    )


def libraries(machine: Machine) -> Finding | None:
    status = machine.read("/var/lib/dpkg/status")
    if status is None:
        return None
    present = set(re.findall(r"^Package: (\S+)\nStatus: \S+ ok installed$", status, re.MULTILINE))
    missing = [
        package.name
        for package in packages.listed()
        if package.need in ("required", "optional") and package.name not in present
    ]
    if not missing:
        return Finding("libraries", GOOD, "all present")
    return Finding(
        "libraries",
        NOTE,
        ", ".join(missing),
        "their parts are skipped",
        f"sudo apt-get install {' '.join(missing)}",
    )


CHECKS: tuple[Callable[[Machine], Finding | None], ...] = (
    governor,
    turbo,
    smt,
    cgroup_cpu,
    descriptors,
    ports,
    timer_slack,
    mitigations,
    neighbours,
    preemption,
    clock,
    io_uring,
    libraries,
)


def examine(machine: Machine) -> tuple[list[Finding], list[str]]:
    """The findings, worst first, and the names of the checks that this machine gave no answer to."""
    answers = [(check.__name__.replace("_", "-"), check(machine)) for check in CHECKS]
    findings = [finding for _, finding in answers if finding]
    findings.sort(key=lambda finding: (MATTERS, NOTE, GOOD).index(finding.level))
    return findings, [name for name, finding in answers if finding is None]
