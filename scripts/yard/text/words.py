# SPDX-License-Identifier: MIT
"""Sentences that several renderers share."""

from __future__ import annotations

from yard.data.facts import METRIC, VERDICT

# What stands in a matrix instead of a number: a verdict, or that there is none.
STATES = {
    **{verdict.name: verdict.meaning for verdict in VERDICT.values()},
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
