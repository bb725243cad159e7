# SPDX-License-Identifier: MIT
"""What the machine says of itself. Everything here may be missing in a container, and is then null."""

from __future__ import annotations

import math
import os
import platform
import resource
import socket
import subprocess
from pathlib import Path
from typing import Any

from yard.data import cpu_quota, packages
from yard.data.facts import FIELD

RUNTIME = ("libc6", "libstdc++6")  # what every executable links and no package list asks for
BUILT_WITH = (
    "required",
    "optional",
    "contender",
)  # the needs of what a measured program is made of


def read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def output(*command: str, cwd: Path | None = None) -> str | None:
    try:
        done = subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu_model() -> str | None:
    for line in (read("/proc/cpuinfo") or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Hardware", "cpu model"):
            return value.strip()
    return _arm_model(read("/proc/cpuinfo") or "") or platform.processor() or None


def _arm_model(cpuinfo: str) -> str | None:
    """Servers of ARM give numbers instead of a name."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    known = {name.strip(): value.strip() for name, _, value in lines}
    if "CPU implementer" not in known:
        return None
    numbers = (
        f"{name} {known[f'CPU {name}']}"
        for name in ("implementer", "part", "variant")
        if f"CPU {name}" in known
    )
    return f"{platform.machine()}, {', '.join(numbers)}"


def _mitigations() -> dict[str, str]:
    folder = Path("/sys/devices/system/cpu/vulnerabilities")
    try:
        return {file.name: read(file) or "" for file in sorted(folder.iterdir())}
    except OSError:
        return {}


def _cgroup() -> dict[str, str]:
    found = {}
    own = next(
        (
            line[3:]
            for line in (read("/proc/self/cgroup") or "").splitlines()
            if line.startswith("0::")
        ),
        "/",
    )
    for folder in (Path("/sys/fs/cgroup" + own.rstrip("/")), Path("/sys/fs/cgroup")):
        for name in ("cpu.max", "cpuset.cpus.effective", "memory.max", "pids.max"):
            if name not in found and (text := read(folder / name)) is not None:
                found[name] = text
    return found


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def cpu_times() -> dict[str, int]:
    """Ticks of the whole machine, for the shares of steal and of foreign programs."""
    fields = ((read("/proc/stat") or "").splitlines() or [""])[0].split()[1:9]
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    return {name: int(value) for name, value in zip(names, fields)}


def own_cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(
        resource.RUSAGE_CHILDREN
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def shares(before: dict[str, int], after: dict[str, int], own_s: float) -> dict[str, float | None]:
    """Shares of all CPU time between two `cpu_times`: stolen by the hypervisor, and used by programs that are not ours
    (which includes interrupts that ours caused)."""
    spent = {name: after[name] - before[name] for name in after if name in before}
    total = sum(spent.values())
    if total <= 0:
        return {FIELD.steal_share: None, FIELD.foreign_cpu_share: None}
    busy = total - spent.get("idle", 0) - spent.get("iowait", 0) - spent.get("steal", 0)
    ours = own_s * os.sysconf("SC_CLK_TCK")
    return {
        FIELD.steal_share: spent.get("steal", 0) / total,
        FIELD.foreign_cpu_share: max(0.0, (busy - ours) / total),
    }


def boot_id() -> str | None:
    return read("/proc/sys/kernel/random/boot_id")


def describe() -> dict[str, Any]:
    cpu = "/sys/devices/system/cpu"
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    quota = cpu_quota.cpu_quota(read)
    return {
        "name": socket.gethostname(),
        "cpu_model": _cpu_model(),
        "cpus": os.cpu_count(),
        "allowed_cpus": sorted(os.sched_getaffinity(0)),
        "smt": read(f"{cpu}/smt/active"),
        "governor": read(f"{cpu}/cpu0/cpufreq/scaling_governor"),
        "turbo_disabled": read(f"{cpu}/intel_pstate/no_turbo"),
        "mitigations": _mitigations(),
        "kernel": f"{platform.system()} {platform.release()}",
        "kernel_version": platform.version(),
        "hypervisor": output("systemd-detect-virt"),
        "memory_bytes": _memory_bytes(),
        "transparent_huge_pages": read("/sys/kernel/mm/transparent_hugepage/enabled"),
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "aslr": read("/proc/sys/kernel/randomize_va_space"),
        "cgroup": _cgroup(),
        "cpu_quota": None if quota is None or math.isinf(quota) else quota,
        "descriptors": list(limits),
        "load_average": list(os.getloadavg()),
        "boot_id": boot_id(),
        "os": platform.freedesktop_os_release().get("PRETTY_NAME")
        if Path("/etc/os-release").exists()
        else None,
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    """Versions of what is installed; where a release calls a library otherwise, its -dev package
    has the same name."""
    listed = (package.name for package in packages.listed() if package.need in BUILT_WITH)
    shown = "-f=${db:Status-Status} ${Package} ${Version}\\n"
    try:
        done = subprocess.run(
            ("dpkg-query", "-W", shown, *RUNTIME, *listed),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    # It fails where one of them is not known, and shows the others.
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[0] == "installed"}


def warnings(host: dict[str, Any]) -> list[str]:
    remarks = []
    governor = host.get("governor")
    if governor and governor != "performance":
        remarks.append(f"governor is {governor}: the clock frequency varies")
    if len(host["allowed_cpus"]) == 1:
        remarks.append("one CPU: servers and clients share it with their other end, and pay for it")
    elif len(host["allowed_cpus"]) == 2:
        remarks.append(
            "two CPUs: a server has one and its client the other; CPU per operation says more than throughput"
        )
    if host["load_average"][0] > 0.5 * len(host["allowed_cpus"]):
        remarks.append(
            f"load average was {round(host['load_average'][0], 2)} at the start: other programs "
            "were running, or a build just before"
        )
    if quota := host.get("cpu_quota"):
        remarks.append(
            f"the control group limits CPU time to {round(quota, 2)} CPUs: throttling will show as outliers"
        )
    return remarks


def git_in(repository: Path) -> tuple[str, ...]:
    """Git refuses a checkout that belongs to another user, since its configuration is executed. Whoever calls this executes
    the checkout already: this very file lies in it."""
    return ("git", "-c", f"safe.directory={repository.resolve()}")


def commit(repository: Path) -> tuple[str, bool | None]:
    """Short commit and whether tracked files differ from it; `nogit` outside a work tree."""
    head = output(*git_in(repository), "rev-parse", "--short=7", "HEAD", cwd=repository)
    if not head:
        return "nogit", None
    state = output(
        *git_in(repository), "status", "--porcelain", "--untracked-files=no", cwd=repository
    )
    return head, None if state is None else bool(state)
