# SPDX-License-Identifier: MIT
"""The memory of a worker and its children, looked at while its units wait, as bench/cell/memory_looks does."""

import time

from . import usage
from .rig import HarnessError

PAGE_BYTES = 4096
PARTS = ("pss_bytes", "page_table_bytes", "kernel_stack_bytes")


def _kernel_stack_of_a_thread():
    """The kernel tells the sum over all threads of the machine only; all have stacks of one size."""
    all_bytes = usage.number_after(usage.text("/proc/meminfo"), b"KernelStack") * 1024
    threads = int(usage.text("/proc/loadavg").split()[3].partition(b"/")[2])
    if not all_bytes or not threads:
        raise HarnessError("/proc/meminfo has no KernelStack: memory per unit cannot be measured")
    return round(all_bytes / threads / PAGE_BYTES) * PAGE_BYTES


def footprint(root, kernel_stack):
    seen = dict.fromkeys(PARTS, 0)
    for pid in usage.tree(root):
        status, rollup = (usage.text(f"/proc/{pid}/{name}") for name in ("status", "smaps_rollup"))
        seen["pss_bytes"] += usage.number_after(rollup, b"Pss") * 1024
        seen["page_table_bytes"] += usage.number_after(status, b"VmPTE") * 1024
        seen["kernel_stack_bytes"] += usage.number_after(status, b"Threads") * kernel_stack
    return seen


def slope(x, y):
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum(
        (a - mean_x) ** 2 for a in x
    )


class Looks:
    """`units[k]` wait at look k."""

    def __init__(self, root, units):
        self.root, self.units, self.times = root, units, []
        self.kernel_stack = _kernel_stack_of_a_thread()
        self.seen = [{"units": 0, **footprint(root, self.kernel_stack)}]

    def look(self):
        begun = time.monotonic_ns()
        at = len(self.seen) - 1
        self.seen.append(
            {
                "units": self.units[min(at, len(self.units) - 1)],
                **footprint(self.root, self.kernel_stack),
            }
        )
        self.times += (begun, time.monotonic_ns())

    def spent_ns(self):
        return sum(self.times[1::2]) - sum(self.times[::2])

    def report(self):
        """The field `waiting` of a sample."""
        if len(self.seen) != len(self.units) + 1:
            return None
        grown = {
            part + "_per_unit": slope(self.units, [seen[part] for seen in self.seen[1:]])
            for part in PARTS
        }
        return {"bytes_per_unit": sum(grown.values()), **grown, "looks": self.seen}
