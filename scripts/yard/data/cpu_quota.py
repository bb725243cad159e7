# SPDX-License-Identifier: MIT
"""How much CPU time the control groups of this process allow: version 1 and 2, its own group and every one above it."""

from __future__ import annotations

import math
import os
from typing import Callable, Iterator, Sequence

Read = Callable[[str], "str | None"]  # the text of a file; None where there is none
TOP = "/sys/fs/cgroup"


def _with_parents(path: str) -> Iterator[str]:
    path = path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _share(quota: str, period: str) -> float | None:
    """CPUs; infinite without a limit, None where the files say nothing of it."""
    if quota in ("max", "-1"):
        return math.inf
    try:
        return int(quota) / int(period) if 0 < int(quota) and 0 < int(period) else None
    except (ValueError, OverflowError):
        return None


def _groups(read: Read) -> Iterator[tuple[str, str, str]]:
    """Hierarchy, controllers and path of each line of /proc/self/cgroup."""
    for line in (read("/proc/self/cgroup") or "0::/").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            yield parts[0], parts[1], parts[2]


def _shares(read: Read) -> Iterator[float | None]:
    for hierarchy, controllers, path in _groups(read):
        if hierarchy == "0":
            for folder in _with_parents(path):
                fields = (read(f"{TOP}{folder}/cpu.max") or "").split()
                yield _share(*fields) if len(fields) == 2 else None
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                for folder in _with_parents(path):
                    place = f"{TOP}/{mount}{folder}"
                    quota = (read(f"{place}/cpu.cfs_quota_us") or "").strip()
                    period = (read(f"{place}/cpu.cfs_period_us") or "").strip()
                    yield _share(quota, period)


def cpu_quota(read: Read) -> float | None:
    """CPUs that may be used at once, on average over a period; infinite without a limit, None if nothing says."""
    return min((share for share in _shares(read) if share is not None), default=None)


def usable_cpus(read: Read, allowed: Sequence[int] | None = None) -> list[int]:
    """Those that this process may run on, and no more of them than its quota is worth: more workers than that stop each
    other in the middle of a period."""
    cpus = sorted(os.sched_getaffinity(0) if allowed is None else allowed)
    quota = cpu_quota(read)
    return cpus if quota is None or math.isinf(quota) else cpus[: max(1, math.ceil(quota))]
