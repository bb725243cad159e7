# SPDX-License-Identifier: MIT
"""What other tools' rules would have said of the same recorded pairs: pure functions of the values of both sides.

They see interleaved slots here; as they are used, one side is measured after the other, which is worse for them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable, Iterable, Mapping, Sequence

import numpy as np
import scipy.stats

from yard.gate import sequential, rule, simulate, values
from yard.text import numbers

Rule = Callable[[Sequence[float], Sequence[float]], bool]


def google_compare(base: Sequence[float], head: Sequence[float]) -> bool:
    """Google Benchmark's compare.py: two-sided Mann-Whitney U, p < 0.05, and worse in the mean."""
    if len(set(base) | set(head)) < 2:
        return False
    p = scipy.stats.mannwhitneyu(base, head, alternative="two-sided").pvalue
    return bool(p < 0.05 and np.mean(head) > np.mean(base))


def mean_five_percent(base: Sequence[float], head: Sequence[float]) -> bool:
    return bool(np.mean(head) > 1.05 * np.mean(base))


def hyperfine(base: Sequence[float], head: Sequence[float]) -> bool:
    """hyperfine's scripts/welch_ttest.py: Welch's t, p < 0.05, and worse in the mean."""
    if len(set(base)) < 2 and len(set(head)) < 2:
        return False
    p = scipy.stats.ttest_ind(base, head, equal_var=False).pvalue
    return bool(p < 0.05 and np.mean(head) > np.mean(base))


RULES: dict[str, Rule] = {
    "Google Benchmark compare.py, p < 0.05": google_compare,
    "mean of head more than 5 % above": mean_five_percent,
    "hyperfine's Welch t, p < 0.05": hyperfine,
}
OURS = "switchyard check"
SLOWED = "scenario03"


def columns(
    pairs: Sequence[Mapping[str, Any]], metric: str, most: int
) -> tuple[list[float], list[float]]:
    """The first `most` pairs that have the metric on both sides: what a screen sees."""
    both = [
        (p["base"]["metrics"].get(metric), p["head"]["metrics"].get(metric)) for p in pairs[:most]
    ]
    kept = [(b, h) for b, h in both if b is not None and h is not None]
    return [b for b, _ in kept], [h for _, h in kept]


class Score:
    """False alarms on cells without a change, and misses on those with one."""

    def __init__(self) -> None:
        self.cells, self.jobs, self.changed = 0, 0, 0
        self.flagged: Counter[str] = Counter()
        self.alarmed: Counter[str] = Counter()  # jobs with any false alarm
        self.missed: Counter[str] = Counter()

    def job(
        self,
        pairs: Mapping[str, Sequence[Mapping[str, Any]]],
        red: Iterable[str],
        slowed: Callable[[str, str], bool],
        most: int,
    ) -> None:
        """`red`: "scenario metric" of our verdict. `slowed`: was this cell made slower?"""
        self.jobs += 1
        ours = set(red)
        alarms: set[str] = set()
        found: set[str] = set()
        any_slowed = False
        for scenario, own in pairs.items():
            for name, metric in rule.metrics().items():
                base, head = columns(own, name, most)
                if metric.tier != "gating" or len(base) < 2:
                    continue
                # A difference that the gate calls none, such as a page of memory, is none for all.
                head = [b if values.log_ratio(b, h, metric) == 0 else h for b, h in zip(base, head)]
                said = {text for text, judge in RULES.items() if judge(base, head)}
                said |= {OURS} if f"{scenario} {name}" in ours else set()
                if slowed(scenario, name):
                    any_slowed = True
                    found |= said
                elif not slowed(scenario, ""):
                    self.cells += 1
                    self.flagged.update(said)
                    alarms |= said
        self.alarmed.update(alarms)
        if any_slowed:
            self.changed += 1
            self.missed.update(set([*RULES, OURS]) - found)

    def table(self) -> str:
        lines = [
            "| rule | unchanged cells flagged | jobs with a false alarm | slow-downs missed |",
            "| --- | ---: | ---: | ---: |",
        ]
        for name in (*RULES, OURS):
            share = 100 * self.flagged[name] / self.cells if self.cells else 0.0
            missed = f"{self.missed[name]}/{self.changed}" if self.changed else "-"
            lines.append(
                f"| {name} | {self.flagged[name]}/{self.cells} ({numbers.fixed(share, 1)} %) | {self.alarmed[name]}/{self.jobs} | "
                f"{missed} |"
            )
        return "\n".join(lines) + "\n"


def simulated(jobs: int, machine: Any, slow: float, seed: int) -> tuple[Score, Score]:
    """The same table from simulated slots: half of the jobs have one scenario slowed by `slow`. First on our pairs, then
    as the others are used: all slots of base, scenario by scenario, and then all of head."""
    paired, blocked = Score(), Score()
    profile = rule.PROFILES["default"]
    for number in range(jobs):
        changed = number % 2 == 1
        slowness = simulate.slow_down(SLOWED, slow) if changed else None
        source = _Keeping(simulate.SimulatedRunner(machine, 25, seed + number, slowness))
        outcome = sequential.run(source, profile, seed + number)

        def slowed(scenario: str, metric: str, changed: bool = changed) -> bool:
            return changed and scenario == SLOWED and metric in ("", *simulate.TIME_METRICS)

        red = [cell.name for cell in outcome.regressions]
        paired.job(source.pairs, red, slowed, profile.screen_pairs)
        blocked.job(
            _in_blocks(
                simulate.SimulatedRunner(machine, 25, seed + number, slowness), profile.screen_pairs
            ),
            red,
            slowed,
            profile.screen_pairs,
        )
    return paired, blocked


def _in_blocks(runner: simulate.SimulatedRunner, slots: int) -> dict[str, list[dict[str, Any]]]:
    sides = {
        side: {name: runner.block(name, side, slots) for name in runner.scenarios()}
        for side in ("base", "head")
    }
    return {
        name: [
            {"base": {"metrics": b}, "head": {"metrics": h}}
            for b, h in zip(sides["base"][name], sides["head"][name])
        ]
        for name in runner.scenarios()
    }


class _Keeping:
    """A simulated source that also keeps the values of both sides."""

    def __init__(self, runner: simulate.SimulatedRunner) -> None:
        self.runner = runner
        self.pairs: dict[str, list[dict[str, Any]]] = {}
        self.scenarios = runner.scenarios

    def pair(self, scenario: str) -> Mapping[str, float]:
        both = self.runner.sides(scenario)
        self.pairs.setdefault(scenario, []).append(
            {side: {"metrics": found} for side, found in both.items()}
        )
        return {
            name: float(np.log(both["head"][name] / both["base"][name])) for name in both["base"]
        }
