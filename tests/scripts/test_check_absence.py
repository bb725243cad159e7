# SPDX-License-Identifier: MIT
"""Absence is never success: every wrong value in every field of every format that the gate
reads, on base, on head and on both, ends in a reason that names it and in a code that is not 0."""

import copy
import itertools
import json
import random

import pytest

from yard.errors import FAILED, INCONCLUSIVE, NOT_COMPARABLE, OK
from yard.gate import absence, rule, sequential
from yard.gate.command_pairs import CommandSource, Wanted, as_metrics
from yard.gate.formats import registry
from yard.gate.reading import Failed
from yard.gate.side_command import Command, Gave

MISSING = object()
WRONG = {
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "negative": -3,
    "text": "1.5",
    "null": None,
    "list": [1.5],
    "nested": {"value": 1.5},
    "true": True,
    "400 digits": 10**400,
    "5000 digits": "DIGITS",  # more than Python reads
    "missing": MISSING,
}
GOOGLE_ROW = {
    "name": "t",
    "run_name": "t",
    "run_type": "iteration",
    "iterations": 100,
    "real_time": 2.0,
    "cpu_time": 1.0,
    "time_unit": "us",
    "error_occurred": False,
    "skipped": False,
}
# These may be left out: older versions do, and nothing is measured by them; name and run_name say
# the same.
MAY_LACK = {"run_type", "iterations", "error_occurred", "skipped", "name", "run_name"}
UNUSED = {"name"}  # where run_name is
LINE = {"scenario": "t", "metrics": {"time": 5.0}}


def jittered(row, draw):
    if isinstance(row, dict):
        return {key: jittered(value, draw) for key, value in row.items()}
    return row * draw.uniform(0.999, 1.001) if isinstance(row, float) else row


def with_wrong(row, path, value):
    """`row` with `value` in the place of what stands at `path`."""
    changed = copy.deepcopy(row)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def dumped(value):
    return json.dumps(value).replace('"DIGITS"', "9" * 5000)


def google_text(rows):
    return dumped({"context": {}, "benchmarks": rows})


class Printed(CommandSource):
    """A source whose processes print what a function of the side says."""

    def __init__(self, tmp_path, printed, parse, google):
        commands = {side: Command("true") for side in ("base", "head")}
        if google:
            for command in commands.values():
                command.names, command.format = {"good": "good", "t": "t"}, registry.GOOGLE
        metrics = ["cpu_time", "real_time"] if google else ["time"]
        super().__init__(commands, [Wanted(m) for m in metrics], 1, tmp_path, lambda line: None)
        self.metrics, self.names = as_metrics(metrics), ["good", "t"]
        self.printed, self.parse = printed, parse
        self.control_of, self.controls = "good", []

    def once(self, side, scenario, padding=0):
        try:
            return Gave(self.parse(self.printed(side, scenario)))
        except Failed as error:
            return Gave(trouble=str(error))


def outcome_of(source):
    found = sequential.run(
        source, rule.PROFILES["quick"], 1, metrics=source.metrics, control="control"
    )
    found.absent, _ = source.ledger.judged()
    return found


def judged(tmp_path, form, path, value, location):
    draw = random.Random(f"{form} {path} {location}")
    sides = ("base", "head") if location == "both" else (location,)
    plain = GOOGLE_ROW if form == "google" else LINE

    def printed(side, scenario):
        rows = {name: {**jittered(plain, draw)} for name in ("good", "t")}
        name = "run_name" if form == "google" else "scenario"
        rows["good"][name] = "good"
        if side in sides:
            rows["t"] = with_wrong(rows["t"], path, value)
        if form == "google":
            return google_text([rows[scenario]])
        return "".join(dumped(row) + "\n" for row in rows.values())

    parse = (registry.GOOGLE if form == "google" else registry.LINES).read
    return outcome_of(Printed(tmp_path, printed, parse, form == "google"))


PLACES = [("google", (key,)) for key in GOOGLE_ROW]
PLACES += [("lines", path) for path in (("scenario",), ("metrics",), ("metrics", "time"))]


@pytest.mark.parametrize("form, path", PLACES, ids=lambda value: str(value))
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_named_and_never_green(tmp_path, form, path, wrong):
    value = WRONG[wrong]
    for location in ("base", "head", "both"):
        found = judged(tmp_path, form, path, value, location)
        code, why = found.why()
        field = path[-1]
        if (field in UNUSED and wrong != "5000 digits") or (
            wrong == "missing" and field in MAY_LACK
        ):
            assert code == OK, (location, why)
            continue
        assert code in (FAILED, INCONCLUSIVE, NOT_COMPARABLE), (location, why)
        assert found.absent and all(one.reason and one.scenario for one in found.absent)
        if location == "head":
            assert code == FAILED and any(one.scenario == "t" for one in found.broken)
        elif location == "both":
            assert code != FAILED
        # One that errs does not end the others.
        if wrong != "5000 digits" or form == "lines":
            assert {cell.scenario for cell in found.gating} >= {"good"}


def test_the_right_values_are_green(tmp_path):
    for form, path, value in (("google", ("iterations",), 7), ("lines", ("scenario",), "t")):
        assert judged(tmp_path, form, path, value, "head").exit_code() == OK


@pytest.mark.parametrize("location, code", [("head", 1), ("base", 2), ("both", 2)])
@pytest.mark.parametrize(
    "row, text",
    [
        ({"error_occurred": True, "error_message": "no device"}, "erred: no device"),
        ({"skipped": True, "skip_message": "no device"}, "skipped: no device"),
        ({"run_type": "aggregate", "aggregate_name": "mean"}, "prints only aggregates"),
        ({"iterations": 0}, "ran 0 iterations"),
        ({"real_time": 0.0}, "a time of zero"),
        ({"time_unit": "parsecs"}, "in the unit parsecs"),
    ],
)
def test_a_benchmark_that_says_it_measured_nothing(tmp_path, location, code, row, text):
    sides = ("base", "head") if location == "both" else (location,)

    def printed(side, scenario):
        return google_text(
            [
                {
                    **GOOGLE_ROW,
                    "run_name": scenario,
                    **(row if side in sides and scenario == "t" else {}),
                }
            ]
        )

    found = outcome_of(Printed(tmp_path, printed, registry.GOOGLE.read, True))
    assert found.exit_code() == code and any(
        text in one.reason for one in found.absent
    ), found.absent


def ledger(pairs):
    book = absence.Ledger()
    for lacks in pairs:
        book.pair("s", "time", {side: "NaN" for side in lacks})
    return book.judged()


@pytest.mark.parametrize(
    "pairs, red, noted",
    [
        ([()] * 12, None, False),
        ([("head",)] * 12, True, False),
        ([("head",)] * 9, False, False),  # time was over: too few to be sure
        ([("head",), ()] * 10, True, False),  # every other process, and never on base
        ([("head",)] * 11 + [("base",)], False, False),
        ([("base",)] * 12, False, False),
        ([("base", "head")] * 12, False, False),
        ([()] * 10 + [("head",)] * 2, None, True),  # now and then
        ([()] * 10 + [("head",)] * 3, False, False),
    ],
)
def test_the_rule(pairs, red, noted):
    found, notes = ledger(pairs)
    assert [one.red for one in found] == ([] if red is None else [red]) and bool(notes) == noted


def test_a_process_that_hangs_is_sure_sooner_and_is_not_measured_for_ever():
    book = absence.Ledger()
    for _ in range(2):
        book.pair("s", "", {"head": "hung"}, hung=True)
    assert book.judged()[0][0].red


@pytest.mark.parametrize(
    "base, head, more, code",
    [(5, 0, False, 2), (0, 5, False, 1), (5, 0, True, 1), (0, 5, True, 2), (0, 0, False, 0)],
)
def test_zero_is_worse_or_unproved_and_never_better(tmp_path, base, head, more, code):
    numbers = {"base": base, "head": head}
    ticks = itertools.count()

    def printed(side, scenario):
        jitter = 1 + 1e-4 * (next(ticks) % 7)
        return "".join(
            dumped({"scenario": name, "metrics": {"misses": value * jitter}}) + "\n"
            for name, value in (("good", 3), ("t", numbers[side]))
        )

    source = Printed(tmp_path, printed, registry.LINES.read, False)
    source.asked, source.metrics = [Wanted("misses", more)], as_metrics(["misses"])
    found = outcome_of(source)
    assert found.exit_code() == code, found.why()
