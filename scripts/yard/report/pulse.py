# SPDX-License-Identifier: MIT
"""The pulse of the machine over a run: fixed work, done at both edges of every slot. Where it
takes longer, the machine was slower just then, whatever was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional

from yard.data.facts import FIELD, METRIC, VERDICT
from yard.data.samples import Key, key
from yard.stats import inference
from yard.stats.control_variate import ALL, PARTS, Removed, removed
from yard.text import numbers

Sample = Mapping[str, Any]
LABELS = {
    part: part.removesuffix("_ns").replace("_", " ") for part in PARTS
}  # "system calls" and so on


@dataclass(frozen=True)
class Pulse:
    """`times`: how many times its median each part took, at `minutes` since the run began."""

    minutes: list[float]
    times: dict[str, list[float]]
    slots: int
    disturbed: int
    removed: list[Removed]

    def words(self) -> list[str]:
        remarks = []
        for label, times in self.times.items():
            low, high = (inference.quantile(times, q) for q in (0.05, 0.95))
            remarks.append(
                f"{label}: nine of ten slots took {numbers.short(low, 3)} to "
                f"{numbers.short(high, 3)} times the median"
            )
        remarks.append(f"disturbed: {self.disturbed} of {self.slots} slots")
        for metric in dict.fromkeys(found.metric for found in self.removed):
            shares = ", ".join(
                f"{found.workload} {numbers.fixed(100 * found.share, 0)} %"
                for found in self.removed
                if found.metric == metric
            )
            remarks.append(
                f"as a control variate it would take away of the variance of paired log ratios of {METRIC[metric].label}: "
                f"{shares}; it is not used"
            )
        return remarks


def pulse(samples: Iterable[Sample]) -> Optional[Pulse]:
    """None for a run without one."""
    samples = list(samples)
    if not any(sample.get(FIELD.pulse_before) for sample in samples):
        return None
    slots: dict[Key, Sample] = {}
    disturbed = set()
    for sample in samples:
        round_slot = key(sample)
        slots.setdefault(round_slot, sample)
        if sample.get(FIELD.verdict) == VERDICT.disturbed:
            disturbed.add(round_slot)
    beats = sorted(
        (slot[FIELD.started_ns], slot[FIELD.pulse_before])
        for slot in slots.values()
        if isinstance(slot.get(FIELD.pulse_before), Mapping) and slot.get(FIELD.started_ns)
    )
    if len(beats) < 2:
        return None
    minutes = [(when - beats[0][0]) / 60e9 for when, _ in beats]
    times = {}
    for part in PARTS:
        values = [float(beat[part]) for _, beat in beats]
        middle = inference.median(values)
        times[LABELS[part]] = [value / middle for value in values]
    whole = removed(samples, (METRIC.time_per_unit_ns, METRIC.cpu_per_unit_ns), (ALL,))
    return Pulse(minutes, times, len(slots), len(disturbed), whole)
