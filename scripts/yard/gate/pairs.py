# SPDX-License-Identifier: MIT
"""Pairs of real processes: one of each side, adjacent in time, in the order of a coin.

The coin is what makes the signed-rank test exact whatever the machine does meanwhile; it is drawn from the seed and
never replaced by a fixed order.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Mapping, Sequence

from yard.data.facts import METRIC
from yard.engine.plan import MOST_PADDING_BYTES
from yard.gate import absence, values
from yard.gate.rule import Metric
from yard.gate.scenarios import Scenario
from yard.gate.slot import Bench, Moved, Result

CONTROL = "control"
STEAL = 0.10  # more than this of either slot stolen: the pair is measured again
MOST_REPEATED = 0.2  # of the pairs; then they are kept as they are
CONFIRM_BROKEN = 10  # pairs in which one side alone must fail: 2^-10 if it were chance
MOST_FLAKY = 3


@dataclass
class Disturbed:
    """Why the numbers of this job may be rough."""

    pairs: int = 0
    repeated: int = 0
    steal: list[float] = field(default_factory=list)


class PairSource:
    """A `sequential.Source` of processes of the bench's sides."""

    def __init__(
        self,
        bench: Bench,
        scenarios: Sequence[Scenario],
        metrics: Mapping[str, Metric],
        seed: int,
        record: Callable[[dict[str, Any]], None],
        control: Scenario | None = None,
    ):
        self.bench, self.metrics, self.record = bench, metrics, record
        self.known = {scenario.id: scenario for scenario in scenarios}
        if control is not None:
            self.known[CONTROL] = replace(control, id=CONTROL)
        self.failed: dict[str, absence.Absent] = {}
        self.not_compared: dict[str, str] = {}  # for want of time
        self.ledger = absence.Ledger()
        self.disturbed = Disturbed()
        self.values: dict[
            tuple[str, str], list[tuple[float, float]]
        ] = {}  # (scenario, metric) -> (base, head)
        self._random = random.Random(f"coins {seed}")
        self._flaky = Counter[str]()

    def scenarios(self) -> Sequence[str]:
        return [id for id in self.known if id not in self.failed and id not in self.not_compared]

    def pair(self, scenario: str) -> Mapping[str, float]:
        measured: dict[str, Result] | None = self._both(scenario)
        if measured and any(result.failed for result in measured.values()):
            measured = self._after_failure(scenario, measured)
        return {} if measured is None else self._differences(scenario, measured)

    def _both(self, id: str) -> dict[str, Result]:
        """One process of each side; again, within limits, if the machine was taken away from either."""
        scenario = self.known[id]
        while True:
            self.disturbed.pairs += 1
            base_first = self._random.random() < 0.5
            # The same work and the same stack offset on both sides; others in the next pair.
            moved = Moved(
                self._random.randrange(1 << 32), self._random.randrange(MOST_PADDING_BYTES)
            )
            order = ("base", "head") if base_first else ("head", "base")
            measured = {
                name: self.bench.slot(self._side(id, name), scenario, moved) for name in order
            }
            steal = max(result.steal for result in measured.values())
            self.disturbed.steal.append(steal)
            if steal <= STEAL or self.disturbed.repeated >= MOST_REPEATED * self.disturbed.pairs:
                self._note(id, order, measured)
                return measured
            self.disturbed.repeated += 1

    def _side(self, id: str, name: str) -> str:
        return "control" if id == CONTROL and name == "head" else name

    def _after_failure(self, id: str, measured: dict[str, Result]) -> dict[str, Result] | None:
        """A side that always fails where the other never does is broken. One that fails now and then is left out."""
        alone = {name: 0 for name in measured}
        for _ in range(CONFIRM_BROKEN):
            measured = self._both(id)
            failed = [name for name, result in measured.items() if result.failed]
            if not failed:
                self._flaky[id] += 1
                if self._flaky[id] < MOST_FLAKY:
                    return measured
                break
            if len(failed) == 1:
                alone[failed[0]] += 1
        failure = next((f"{r.verdict}: {r.reason}" for r in measured.values() if r.failed), "")
        red = alone.get("head") == CONFIRM_BROKEN
        if red:
            why = failure
        elif alone.get("base") == CONFIRM_BROKEN:
            why = f"base fails and head does not: {failure}"
        elif not any(r.failed for r in measured.values()):
            why = f"failed in {MOST_FLAKY} pairs, and not always"
        else:
            why = f"fails on both sides: {failure}"
        self.failed[id] = absence.Absent(id, "", red, why)
        return None

    def absent(self) -> tuple[list[absence.Absent], list[str]]:
        """What stopped measuring or could not be measured, and notes on what failed now and
        then."""
        metrics, notes = self.ledger.judged()
        # A quantile needs so many operations, and a slot near that number has it now and then.
        metrics = [one for one in metrics if one.red or not METRIC[one.metric].quantile]
        notes += [
            f"{id}: failed in {count} pairs, and not in the next; the others are judged"
            for id, count in self._flaky.items()
            if id not in self.failed
        ]
        return [*(one for id, one in self.failed.items() if id != CONTROL), *metrics], notes

    def _differences(self, id: str, measured: Mapping[str, Result]) -> dict[str, float]:
        base, head = measured["base"].metrics, measured["head"].metrics
        found = {}
        for name, metric in self.metrics.items():
            lacks = {
                side: "the metric is not there"
                for side, result in measured.items()
                if name not in result.metrics
            }
            if id != CONTROL and metric.tier == "gating" and len(lacks) < 2:
                self.ledger.pair(id, name, lacks)
        for name in base.keys() & head.keys() & self.metrics.keys():
            found[name] = values.log_ratio(base[name], head[name], self.metrics[name])
            self.values.setdefault((id, name), []).append((base[name], head[name]))
        return dict(sorted(found.items()))

    def _note(self, id: str, order: tuple[str, str], measured: Mapping[str, Result]) -> None:
        self.record(
            {
                "scenario": id,
                "first": order[0],
                **{
                    name: {
                        "verdict": r.verdict,
                        "reason": r.reason,
                        "steal": round(r.steal, 4),
                        "wall_s": round(r.wall_s, 4),
                        "metrics": r.metrics,
                    }
                    for name, r in measured.items()
                },
            }
        )
