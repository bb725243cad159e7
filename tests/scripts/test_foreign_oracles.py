# SPDX-License-Identifier: MIT
"""The oracles of contenders in other languages: what is right, and that they see what is not."""

import sys

import pytest
from fakes import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "impl" / "foreign"))
from harness import kernel, looks  # noqa: E402
from harness.oracle import RULES  # noqa: E402


def judge(workload, params, outcome, slots=()):
    rules = RULES[workload]
    return rules.check(params, 3, rules.expected(params, 3), outcome, slots, None)


def test_the_digest_of_a_channel_is_that_of_the_cpp_suite():
    # Printed by bench/oracle, compiled: 2 producers, 3 items each, seed 3.
    assert RULES["channel"].expected({"producers": 2, "items": 3, "capacity": 1}, 3)["digest"] == 13179876101501855128


CHANNEL = {"producers": 2, "items": 5, "capacity": 4}


@pytest.mark.parametrize("changes, says", [
    ({}, ""), ({"most_queued": 4}, ""), ({"most_queued": 5}, "5 items were in the channel"), ({"taken": 9}, "taken is 9"),
    ({"digest": 1}, "digest is 1"),
])  # fmt: skip
def test_a_channel(changes, says):
    right = {**RULES["channel"].expected(CHANNEL, 3), "most_queued": 0}
    told = judge("channel", CHANNEL, {**right, **changes})
    assert says in told and bool(told) == bool(says)


UNITS = {"units": 8, "ballast_bytes": 5}
# Begin and end of each unit, then of each look: 2 units, 4, 8.
BEGIN = [1, 2, 20, 21, 40, 41, 42, 43]
LOOKS = [10, 11, 30, 31, 50, 60]


def waited(**moved):
    slots = [time for begin in BEGIN for time in (begin, 70)]
    for place, time in moved.items():
        slots[int(place[1:])] = time
    return slots


@pytest.mark.parametrize("slots, says", [
    (waited() + LOOKS, ""),
    (waited() + LOOKS[:4], "2 looks, not 3"),
    (waited(_4=11 - 1) + LOOKS, "unit 2 is of step 1 and was there before"),
    (waited(_2=10 + 1) + LOOKS, "unit 1 did not wait yet at look 0"),
    (waited(_15=59) + LOOKS, "unit 7 had gone on before the last look"),
    (waited(_3=0) + LOOKS, "never ended"),
])  # fmt: skip
def test_units_that_wait(slots, says):
    told = judge("idle", UNITS, RULES["idle"].expected(UNITS, 3), slots)
    assert says in told and bool(told) == bool(says)


def test_a_unit_without_its_ballast_is_seen():
    empty = RULES["idle"].expected({**UNITS, "ballast_bytes": 0}, 3)
    assert "sum is" in judge("idle", UNITS, empty, waited() + LOOKS)
    assert kernel.ballast_value(3, 5, 13) == 4885818974893612278  # printed by bench/kernel, compiled


def test_bytes_per_unit_are_a_slope():
    seen = looks.Looks.__new__(looks.Looks)
    seen.units = (10, 20, 40)
    seen.seen = [{"units": units, "pss_bytes": 5000 + 300 * units, "page_table_bytes": 40 * units, "kernel_stack_bytes": 4096}
                 for units in (0, 10, 20, 40)]  # fmt: skip
    told = seen.report()
    assert (told["pss_bytes_per_unit"], told["bytes_per_unit"]) == (300, 340) and len(told["looks"]) == 4
    seen.seen.pop()
    assert seen.report() is None
