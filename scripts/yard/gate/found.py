# SPDX-License-Identifier: MIT
"""All that the outputs of a check are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from yard.data import host as machine
from yard.gate.outcome import Outcome
from yard.gate.pairs import Disturbed
from yard.gate.scenarios import Scenario


@dataclass
class Found:
    outcome: Outcome
    labels: dict[str, str]
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    values: Mapping[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    not_compared: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    disturbed: Disturbed = field(default_factory=Disturbed)
    control_of: str = ""
    slot_s: float = 0.0
    minutes: float = 0.0
    host: dict[str, Any] = field(default_factory=machine.describe)
