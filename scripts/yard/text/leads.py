# SPDX-License-Identifier: MIT
"""Who leads, and by how much, in words."""

from __future__ import annotations

from typing import Sequence

from yard.stats.rank import Lead, Ranking
from yard.text import numbers


LITTLE = 0.001  # what would be rounded to 0.0 %


def lead_words(lead: Lead) -> str:
    if not lead.separated:
        return f"{lead.leader} and {lead.other} are not separated"
    return f"{lead.leader} leads {lead.other} by {advantage(lead.ratio, lead.low, lead.high)}"


def advantage(ratio: float, low: float, high: float) -> str:
    """`8 % [5, 11]`, or `3.1 times [2.9, 3.3]` where a percentage would mislead."""
    if ratio < 1 + LITTLE / 2:
        return f"less than {numbers.short_percent(LITTLE)}"
    if ratio < 2:
        places = 0 if ratio >= 1.02 else 1
        more, least, most = (100 * (value - 1) for value in (ratio, low, high))
        return f"{numbers.fixed(more, places)} % {numbers.limits(least, most, places)}"
    places = 1 if ratio < 20 else 0
    return f"{numbers.fixed(ratio, places)} times {numbers.limits(low, high, places)}"


def ranking_words(ranking: Ranking, most: int = 99) -> str:
    """At most so many names of a group."""
    if not ranking.places:
        return "Nothing can be ranked here."
    if len(ranking.places) == 1:
        return f"{ranking.places[0].contender} alone can be ranked here."
    group = ranking.group
    if len(group) == 1 and ranking.runner_up is not None:
        return lead_words(ranking.runner_up) + "."
    if len(group) == len(ranking.places):
        return f"{listed(group, most=most)} are not separated."
    behind = next(place.contender for place in ranking.places if place.contender not in group)
    lead = ranking.leads[group[0], behind]
    return f"{listed(group, most=most)} are not separated; {lead_words(lead)}."


def listed(names: Sequence[str], last: str = "and", most: int = 99) -> str:
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} {last} {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
