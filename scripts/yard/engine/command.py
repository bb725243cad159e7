# SPDX-License-Identifier: MIT
"""The command and the environment of a cell's process. The flags of the cell main stand here and nowhere else: the
runner, the gate, the counters and the curve all start their processes from a `CellProcess`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Mapping, Sequence

from yard.link.link_end import LinkEnd

PADDING = "SWITCHYARD_PADDING"  # moves the stack


@dataclass(frozen=True)
class Counter:
    """How a process is made to count: words before its command, and what is added to its environment."""

    before: tuple[str, ...]
    environment: Mapping[str, str]
    note: str = ""  # why system calls are not counted


@dataclass(frozen=True)
class CellProcess:
    """One cell at one point, with the CPUs, the seed and the sizes that it is given."""

    executable: Path
    workload: str
    variant: str
    preset: str
    point: int
    workers: int
    cpus: Sequence[int]
    client_cpus: Sequence[int]
    seed: int
    iterations: int
    warm_up: int
    timeout_s: float  # of the cell's own watchdog
    samples: Path  # gets a line an iteration
    padding_bytes: int = 0
    settings: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    benchmark: Path | None = None  # gets the JSON of Google Benchmark
    audit: bool = False
    counter: Counter | None = None  # it counts and does not measure
    link: LinkEnd | None = None  # its other end stands at the other end of this

    def command(self) -> list[str]:
        flags = {
            "--cell": "/".join(part for part in (self.workload, self.variant) if part),
            "--preset": self.preset,
            "--point": self.point,
            "--workers": self.workers,
            "--cpus": ",".join(map(str, self.cpus)),
            "--client-cpus": ",".join(map(str, self.client_cpus)),
            "--seed": self.seed,
            "--iterations": self.iterations,
            "--warm-up": self.warm_up,
            "--timeout": self.timeout_s,
            "--samples": self.samples,
        }
        words = [*(self.link.before if self.link else ())]
        words += [*(self.counter.before if self.counter else ()), str(self.executable)]
        for flag, value in flags.items():
            words += [flag, str(value)]
        words += self.link.flags if self.link else []
        if self.benchmark:
            words += [f"--benchmark_out={self.benchmark}", "--benchmark_out_format=json"]
        for name, value in self.settings.items():
            words += ["--set", f"{name}={value}"]
        for name, value in self.tags.items():
            words += ["--tag", f"{name}={value}"]
        return words + (["--audit"] if self.audit else [])

    def environment(self) -> dict[str, str]:
        own = {PADDING: "x" * self.padding_bytes}
        around = self.link.environment() if self.link else os.environ
        return {**around, **own, **(self.counter.environment if self.counter else {})}

    def counting(self, counter: Counter, samples: Path) -> CellProcess:
        """The same process with one iteration that only counts."""
        return replace(self, counter=counter, samples=samples, iterations=1, benchmark=None)
