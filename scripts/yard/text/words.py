# SPDX-License-Identifier: MIT
"""Sentences that several renderers share."""

from __future__ import annotations

from yard.stats.estimates import METRIC

METRIC_TITLES = {
    "run_ns": "Time of a run",
    "throughput": "Throughput",
    "cpu_per_unit_ns": "CPU per unit",
    "p50_ns": "Latency, p50",
    "p99_ns": "Latency, p99",
    "waiting_bytes": "Memory per waiting unit",
    "pss_bytes": "Memory of the process tree (PSS)",
}
VERDICTS = {
    "ok": "measured and right",
    "wrong": "gave a wrong answer: its numbers are void",
    "timeout": "did not end in time",
    "crashed": "ended by a signal or an error",
    "over_budget": "used more threads, processes or descriptors than allowed",
    "rig_limited": "the load generator, not the model, was measured; CPU per operation still tells",
    "overloaded": "the model could not keep up with the offered load",
    "unstable": "the numbers drifted within the measurement",
    "declined": "the model says that it cannot do this, and why",
    "skipped": "a part is missing on this machine",
    "not measured": "planned, and no sample is there",
    "too few rounds": "fewer than 5 rounds: no interval, no rank",
}
HOW_TO_READ = (
    "A round is one fresh process of each cell, in random order; it is the unit of all statistics. "
    "A value is the median over rounds of one number per process; brackets hold its 95 % interval (order statistics; "
    "93.75 % with five rounds).",
    "“A leads B by 8 % [5, 11]” compares the two within rounds: B takes 8 % more, or does as much less, and "
    "all such intervals of a figure hold together with 95 % confidence. Contenders that are not separated share a rank. "
    "There is no overall score.",
    "The floor is a hand-written program with no runtime: a measure, not a contender, and never ranked.",
    "Only cells whose verdict is ok are ranked; where the load generator was the limit, CPU per operation is ranked "
    "instead of throughput. Marked cells show what they saw.",
)


def better_words(metric: str) -> str:
    better = METRIC[metric].better
    return {"more": "more is better", "less": "less is better"}.get(better, "")
