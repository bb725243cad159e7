# SPDX-License-Identifier: MIT
"""What the gate does with known answers on this machine: A/A, code that only lies elsewhere, slow-downs that were
injected, a neighbour that comes and goes. Every experiment is the real command in its own folder, so that a proof that was
cut off goes on where it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

from yard.data.facts import METRIC
from yard.errors import UsageError, YardError
from yard.data.models import REPOSITORY
from yard.data.store import make_folder
from yard.text import numbers

LAUNCHER = REPOSITORY / "scripts" / "switchyard"
BUSY = ("serial/hash_blocks", (METRIC.cpu_per_unit_ns, METRIC.time_per_unit_ns))
TAIL = "floor/echo/epoll@0"
HOG = "import time\nwhile True:\n    until = time.monotonic() + 2\n    while time.monotonic() < until: pass\n    time.sleep(3)\n"
INJECTED_CELLS = "serial/*,floor/*"


@dataclass(frozen=True)
class Experiment:
    name: str  # also the folder, with the number of the repetition
    title: str
    expected: str
    count: int
    words: tuple[str, ...]  # beside the sides
    injected: str = (
        ""  # folder below build/<preset>/injected whose executables replace those of the head
    )
    hog: bool = False


@dataclass
class Row:
    experiment: Experiment
    codes: dict[int, int] = field(default_factory=dict)  # exit code -> how often
    as_expected: int = 0
    done: int = 0
    wrong: list[str] = field(default_factory=list)
    minutes: float = 0.0
    cells: int = 0


def experiments(
    counts: dict[str, int], preset: str, profile: str, budget: str, cells: Sequence[str]
) -> list[Experiment]:
    common = ("--preset", preset, "--profile", profile, "--time-budget", budget)
    chosen = ("--cells", ",".join(cells)) if cells else ()
    few = (*common, "--cells", ",".join(cells) if cells else INJECTED_CELLS)
    return [
        Experiment(
            "aa", "the same binaries, two paths", "never red", counts["aa"], (*common, *chosen)
        ),
        Experiment(
            "busy",
            "7 % busy loop in one operation of serial/hash_blocks",
            "red, and names that cell alone",
            counts["busy"],
            few,
            injected="busy",
        ),
        Experiment(
            "tail",
            "1 operation in 50 of floor/echo/epoll sleeps 2 ms",
            "p99 red, p50 not",
            counts["tail"],
            ("--preset", preset, "--profile", profile, "--time-budget", budget, "--only", TAIL),
            injected="tail",
        ),
        Experiment(
            "moved",
            "the same source, all code 1,984 bytes further",
            "never red",
            counts["moved"],
            (*common, *chosen),
            injected="moved",
        ),
        Experiment(
            "hog",
            "the same binaries beside a CPU hog, 2 s on and 3 s off",
            "never red",
            counts["hog"],
            few,
            hog=True,
        ),
    ]


def judge(experiment: Experiment, folder: Path) -> tuple[int, bool, str]:
    """Exit code, whether it is what was expected, and what was wrong."""
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    code, red = verdict["exit_code"], verdict["regressions"]
    if experiment.name == "busy":
        named = [
            name for name in red if name.startswith(BUSY[0] + "@") and name.split()[-1] in BUSY[1]
        ]
        others = [name for name in red if not name.startswith(BUSY[0] + "@")]
        return (
            code,
            bool(code == 1 and named and not others),
            ", ".join(others) or (verdict["reason"] if not named else ""),
        )
    if experiment.name == "tail":
        good = code == 1 and f"{TAIL} p99" in red and f"{TAIL} p50" not in red
        return code, good, "" if good else f"{verdict['reason']}: {', '.join(red)}"
    return code, code in (0, 2), ", ".join(red) or ("" if code in (0, 2) else verdict["reason"])


def run(
    build: Path,
    plan: Sequence[Experiment],
    out: Path,
    say: Callable[[str], None],
    no_plots: bool = True,
) -> list[Row]:
    make_folder(out)
    rows = []
    for experiment in plan:
        row = Row(experiment)
        rows.append(row)
        if experiment.count == 0:
            continue
        head = _head(build, experiment, out)
        for number in range(experiment.count):
            folder = out / f"{experiment.name}-{number:02d}"
            if not (folder / "verdict.json").exists():
                say(f"{experiment.title}: {number + 1} of {experiment.count}")
                _check(build, head, experiment, number, folder)
            _count(row, folder)
    return rows


def _head(build: Path, experiment: Experiment, out: Path) -> Path:
    if not experiment.injected:
        return build
    source = build / "injected" / experiment.injected
    files = sorted(source.glob("switchyard-*")) if source.is_dir() else []
    if not files:
        raise UsageError(
            f"{source} has no executable. Build it: scripts/build release suite injected"
        )
    folder = out / f"head-{experiment.injected}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    for file in (build / "bin").glob("*switchyard-*"):
        if "fixture" not in file.name:
            os.symlink(file.resolve(), folder / "bin" / file.name)
    for file in files:
        (folder / "bin" / file.name).unlink(missing_ok=True)
        os.symlink(file.resolve(), folder / "bin" / file.name)
    return folder


def _check(build: Path, head: Path, experiment: Experiment, number: int, folder: Path) -> None:
    command = [
        str(LAUNCHER),
        "check",
        "--base-build",
        str(build),
        "--head-build",
        str(head),
        "--out",
        str(folder),
        "--seed",
        str(1000 + number),
        "--no-plots",
        *experiment.words,
    ]
    hog = (
        subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.DEVNULL)
        if experiment.hog
        else None
    )
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        if hog is not None:
            hog.send_signal(signal.SIGKILL)
            hog.wait()
    if done.returncode < 0 or done.returncode > 128:
        raise KeyboardInterrupt
    if not (folder / "verdict.json").exists():
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise YardError(f"{experiment.name} {number}: the check left no verdict: {last}")


def _count(row: Row, folder: Path) -> None:
    code, good, wrong = judge(row.experiment, folder)
    row.codes[code] = row.codes.get(code, 0) + 1
    row.as_expected += good
    row.done += 1
    if wrong and not good:
        row.wrong.append(wrong)
    result_file = folder / "check.json"
    if result_file.exists():
        value = json.loads(result_file.read_text(encoding="utf-8"))
        row.minutes += value["minutes"]
        row.cells = max(row.cells, value["compared"])


def table(rows: Sequence[Row]) -> str:
    """The confusion table as Markdown."""
    lines = [
        "| known answer | expected | jobs | cells | ok (0) | red (1) | inconclusive (2) | not comparable (3) | as expected "
        "| minutes a job |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        if row.done:
            codes = " | ".join(str(row.codes.get(code, 0)) for code in (0, 1, 2, 3))
            lines.append(
                f"| {row.experiment.title} | {row.experiment.expected} | {row.done} | {row.cells} | {codes} | "
                f"{row.as_expected}/{row.done} | {numbers.fixed(row.minutes / row.done, 1)} |"
            )
    wrong = [f"- {row.experiment.title}: {text}" for row in rows for text in row.wrong]
    return "\n".join([*lines, "", *wrong]).rstrip() + "\n"


def jobs(out: Path) -> Iterator[tuple[str, dict[str, list[dict[str, Any]]], list[str]]]:
    """(experiment, scenario -> its pairs in order, what our verdict named) of every finished job in the folder."""
    for folder in sorted(out.glob("*-[0-9][0-9]*")):
        if not (folder / "verdict.json").exists() or not (folder / "pairs.jsonl").exists():
            continue
        pairs: dict[str, list[dict[str, Any]]] = {}
        for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            if pair["scenario"] != "control":
                pairs.setdefault(pair["scenario"], []).append(pair)
        verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        yield folder.name.rpartition("-")[0], pairs, verdict["regressions"]


def slowed(name: str) -> Callable[[str, str], bool]:
    """Which cells the experiment made slower; with metric "": whether the scenario was touched at all."""
    if name == "busy":
        return lambda scenario, metric: scenario.startswith(BUSY[0] + "@") and metric in (
            "",
            *BUSY[1],
        )
    if name == "tail":
        return lambda scenario, metric: scenario.startswith(
            TAIL.partition("@")[0] + "@"
        ) and metric in ("", METRIC.p99_ns)
    return lambda scenario, metric: False


def estimate_minutes(plan: Sequence[Experiment], budget_s: float) -> float:
    return sum(experiment.count for experiment in plan) * budget_s / 60


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
