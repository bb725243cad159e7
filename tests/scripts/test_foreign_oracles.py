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
    assert (
        RULES["channel"].expected({"producers": 2, "items": 3, "capacity": 1}, 3)["digest"]
        == 13179876101501855128
    )


CHANNEL = {"producers": 2, "items": 5, "capacity": 4}


@pytest.mark.parametrize(
    "changes, says",
    [
        ({}, ""),
        ({"most_queued": 4}, ""),
        ({"most_queued": 5}, "5 items were in the channel"),
        ({"taken": 9}, "taken is 9"),
        ({"digest": 1}, "digest is 1"),
    ],
)
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


@pytest.mark.parametrize(
    "slots, says",
    [
        (waited() + LOOKS, ""),
        (waited() + LOOKS[:4], "2 looks, not 3"),
        (waited(_4=11 - 1) + LOOKS, "unit 2 is of step 1 and was there before"),
        (waited(_2=10 + 1) + LOOKS, "unit 1 did not wait yet at look 0"),
        (waited(_15=59) + LOOKS, "unit 7 had gone on before the last look"),
        (waited(_3=0) + LOOKS, "never ended"),
    ],
)
def test_units_that_wait(slots, says):
    told = judge("idle", UNITS, RULES["idle"].expected(UNITS, 3), slots)
    assert says in told and bool(told) == bool(says)


def test_a_unit_without_its_ballast_is_seen():
    empty = RULES["idle"].expected({**UNITS, "ballast_bytes": 0}, 3)
    assert "sum is" in judge("idle", UNITS, empty, waited() + LOOKS)
    assert (
        kernel.ballast_value(3, 5, 13) == 4885818974893612278
    )  # printed by bench/kernel, compiled


BURSTS = {"units": 6, "burst": 2}


def cancelled(**moved):
    """Requests at 10, 11 and clean-ups at 15, 16; then 20, 21, ..."""
    slots = [0] * 12
    for k, unit in enumerate([0, 3, 1, 4, 5, 2]):  # bench/kernel, compiled, for seed 3
        slots[2 * unit] = 10 + 10 * (k // 2) + k % 2
        slots[2 * unit + 1] = slots[2 * unit] + 5
    for place, time in moved.items():
        slots[int(place[1:])] = time
    return slots


@pytest.mark.parametrize(
    "changes, slots, says",
    [
        ({}, cancelled(), ""),
        ({}, cancelled(_6=9), "unit 3 was cancelled out of turn"),
        ({}, cancelled(_1=21), "unit 1 was cancelled before the burst ahead of it had ended"),
        ({}, cancelled(_5=0), "operation 2 was never ended"),
        ({"waiting": 1}, cancelled(), "waiting is 1"),
        ({"cancelled": 1}, cancelled(), "cancelled is 1"),
        ({"joined": 5}, cancelled(), "joined is 5"),
    ],
)
def test_cancelled_units(changes, slots, says):
    told = judge("cancel", BURSTS, {**RULES["cancel"].expected(BURSTS, 3), **changes}, slots)
    assert says in told and bool(told) == bool(says)


def test_what_cancelled_units_are_worth():
    # Printed by bench/kernel, compiled.
    assert kernel.waiting_mark(3, 5) == 13647215125184110592
    assert kernel.mix(kernel.waiting_mark(3, 5)) == 13103443362824980401


SERVED = {"connections": 2, "bytes_received": 9 * 78, "warm_up_bytes": 78}


@pytest.mark.parametrize(
    "changes, served, says",
    [
        ({}, {}, ""),
        ({"accepted": 1}, {}, "accepted 1 connections of 2"),
        ({"sent_bytes": 9 * 78}, {}, "the model says that it sent 702 bytes; 780 were verified"),
        ({"requests": 9}, {}, "the model says that it answered 9 requests; 10 were verified"),
        ({}, {"bytes_received": 78}, "verified 156 bytes of 468"),
    ],
)
def test_an_http_server(changes, served, says):
    params = {"connections": 2, "messages": 3, "pipeline": 2, "body_bytes": 0}
    outcome = {"accepted": 2, "requests": 10, "sent_bytes": 780, **changes}
    told = RULES["http"].check(params, 3, None, outcome, (), {**SERVED, **served})
    assert says in told and bool(told) == bool(says)
    assert (kernel.http_reply_bytes(0), kernel.http_reply_bytes(1000)) == (
        78,
        1081,
    )  # printed by bench/kernel, compiled


def test_bytes_per_unit_are_a_slope():
    seen = looks.Looks.__new__(looks.Looks)
    seen.units = (10, 20, 40)
    seen.seen = [
        {
            "units": units,
            "pss_bytes": 5000 + 300 * units,
            "page_table_bytes": 40 * units,
            "kernel_stack_bytes": 4096,
        }
        for units in (0, 10, 20, 40)
    ]
    told = seen.report()
    assert (told["pss_bytes_per_unit"], told["bytes_per_unit"]) == (300, 340) and len(
        told["looks"]
    ) == 4
    seen.seen.pop()
    assert seen.report() is None
