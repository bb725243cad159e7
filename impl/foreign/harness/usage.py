# SPDX-License-Identifier: MIT
"""What /proc says of a worker and of what it started. It races with processes that end: what has gone is left out."""

import os
import time

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def text(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _stat(pid):
    return text(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _ids(path):
    try:
        return [int(entry) for entry in os.listdir(path) if entry.isdigit()]
    except OSError:
        return []


def tree(root):
    """`root` and its descendants that still run."""
    found, at = [root], 0
    while at < len(found):
        for thread in _ids(f"/proc/{found[at]}/task"):
            found += [
                int(child) for child in text(f"/proc/{found[at]}/task/{thread}/children").split()
            ]
        at += 1
    return [pid for pid in found if (stat := _stat(pid)) and stat[0] not in (b"Z", b"X")]


def threads(root):
    return sum(len(_ids(f"/proc/{pid}/task")) for pid in tree(root))


def number_after(lines, key):
    for line in lines.splitlines():
        if line.startswith(key + b":"):
            return int(line.split()[1])
    return 0


def memory(root):
    pids = tree(root)
    pss = sum(number_after(text(f"/proc/{pid}/smaps_rollup"), b"Pss") for pid in pids) * 1024
    status = text(f"/proc/{root}/status")
    return {
        "pss_bytes": pss or None,
        "processes": len(pids),
        "threads": threads(root),
        "peak_rss_bytes": number_after(status, b"VmHWM") * 1024 or None,
        "file_rss_bytes": number_after(status, b"RssFile") * 1024 or None,
    }


def read(root):
    """CPU clocks, switches and faults of the tree, and the clock of each of its threads."""
    sum_, clocks = (
        dict.fromkeys(("cpu", "user", "voluntary", "involuntary", "minor", "major"), 0),
        {},
    )
    for pid in tree(root):
        stat = _stat(pid)
        if len(stat) < 15:
            continue
        try:
            cpu = time.clock_gettime_ns((~pid << 3) | 2)  # clock_getcpuclockid(3)
        except OSError:
            continue
        minor, cminor, major, cmajor, user, system, cuser, csystem = map(int, stat[7:15])
        sum_["cpu"] += cpu + (cuser + csystem) * TICK_NS
        # The kernel's ticks are coarse and its clock is not: take only the proportion from the ticks.
        sum_["user"] += cpu * user // max(1, user + system) + cuser * TICK_NS
        sum_["minor"] += minor + cminor
        sum_["major"] += major + cmajor
        for thread in _ids(f"/proc/{pid}/task"):
            status = text(f"/proc/{pid}/task/{thread}/status")
            sum_["voluntary"] += number_after(status, b"voluntary_ctxt_switches")
            sum_["involuntary"] += number_after(status, b"nonvoluntary_ctxt_switches")
            on_cpu = text(f"/proc/{pid}/task/{thread}/schedstat").split()
            if on_cpu:
                clocks[thread] = int(on_cpu[0])
    return sum_, clocks


def between(before, after):
    grown = {key: max(0, after[0][key] - before[0][key]) for key in before[0]}
    own = [max(0, now - before[1].get(thread, 0)) for thread, now in after[1].items()]
    busiest = max(own, default=0)
    # Threads that ended in between took their clocks along; one of them may have been the busiest.
    known = grown["cpu"] - sum(own) <= busiest
    user = min(grown["cpu"], grown["user"])
    return {
        "cpu_ns": grown["cpu"],
        "user_ns": user,
        "system_ns": grown["cpu"] - user,
        "busiest_thread_ns": busiest if known else None,
        "voluntary_switches": grown["voluntary"],
        "involuntary_switches": grown["involuntary"],
        "minor_faults": grown["minor"],
        "major_faults": grown["major"],
    }
