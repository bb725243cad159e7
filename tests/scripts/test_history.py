# SPDX-License-Identifier: MIT
"""The history: change points on series with known answers, and a database that is damaged."""

import json
import xml.etree.ElementTree as xml

import numpy as np
import pytest

import fakes
from yard.report import history_store, history_plot
from yard.stats import changepoint
from yard.errors import UsageError, YardError


def noise(seed, count, size=0.02):
    return np.exp(np.random.default_rng(seed).standard_t(4, count) * size)


def test_no_change_has_no_change_point():
    false = sum(bool(changepoint.changes(noise(seed, 60))) for seed in range(60))
    assert false <= 1


@pytest.mark.parametrize("at", [8, 20, 33])
def test_a_step_is_found_where_it_is(at):
    values = noise(at, 40, 0.01)
    values[at:] *= 1.05
    (change,) = changepoint.changes(values)
    assert abs(change.at - at) <= 1 and change.change == pytest.approx(0.05, abs=0.015)


def test_steps_up_and_down_are_two_and_creep_is_seen():
    values = noise(3, 60, 0.01)
    values[20:] *= 1.06
    values[40:] /= 1.06
    assert [round(c.change, 2) > 0 for c in changepoint.changes(values)] == [True, False]
    creep = noise(4, 80, 0.01) * np.linspace(1, 1.10, 80)
    found = changepoint.changes(creep)
    assert found and all(c.change > 0 for c in found)


def test_a_spike_is_no_change_and_a_tiny_step_is_not_told():
    values = noise(5, 40, 0.005)
    values[20] *= 1.5
    assert changepoint.changes(values) == []
    values = noise(6, 60, 0.0005)
    values[30:] *= 1.004
    assert changepoint.changes(values) == []


def test_the_same_series_gives_the_same_answer_and_few_points_give_none():
    values = noise(7, 50)
    values[25:] *= 1.1
    assert changepoint.changes(values) == changepoint.changes(values)
    assert changepoint.changes(values[20:29]) == [] and changepoint.changes([]) == []
    with pytest.raises(ValueError):
        changepoint.changes([1.0, 0.0])


def test_the_fast_statistic_equals_the_definition():
    part = np.random.default_rng(8).normal(size=14)

    def q(m):
        a, b = part[:m], part[m:]

        def mean(u, v):
            return np.abs(u[:, None] - v[None, :]).mean()

        return m * len(b) / len(part) * (2 * mean(a, b) - mean(a, a) - mean(b, b))

    best, at = changepoint._best(part, 3)
    assert best == pytest.approx(max(q(m) for m in range(3, 12))) == pytest.approx(q(at))


def filled(file, count=30, step_at=15, machine="yard1"):
    book = history_store.History(file)
    values = noise(9, count, 0.005)
    values[step_at:] *= 1.08
    for number, ratio in enumerate(values):
        book.add(
            [
                history_store.Point(
                    f"r{number:02d}",
                    f"2030-01-{number + 1:02d}",
                    f"c{number:02d}",
                    machine,
                    "cpu",
                    "floor/echo@0",
                    # The name in a database of an earlier version: one series all the same.
                    "cpu_per_unit" if number < 3 else "cpu_per_unit_ns",
                    100 * ratio,
                    "v1",
                    float(ratio),
                    ratio * 0.99,
                    ratio * 1.01,
                )
            ]
        )
    book.close()


def test_the_command_shows_and_draws_a_change(tmp_path):
    db = tmp_path / "h.sqlite"
    filled(db)
    done = fakes.switchyard(tmp_path, "history", "--db", db)
    assert (
        done.returncode == 0
        and "1 with a change point" in done.stdout
        and "change at c1" in done.stdout
    )
    done = fakes.switchyard(tmp_path, "history", "floor/echo@0", "--db", db, "--json")
    (series,) = json.loads(done.stdout)["series"]
    assert len(series["points"]) == 30 and abs(series["changes"][0]["at"] - 15) <= 1
    for name in ("plot.png", "plot.svg"):
        done = fakes.switchyard(
            tmp_path, "history", "floor/echo@0", "--db", db, "--plot", tmp_path / name
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    xml.parse(tmp_path / "plot.svg")


@pytest.mark.parametrize(
    "words, code, text",
    [
        (["flor/echo@0"], 64, "did you mean floor/echo@0?"),
        (["floor/echo@0", "--metric", "cpu_per_nuit"], 64, "did you mean cpu_per_unit_ns?"),
        (["floor/echo@0", "--plot", "x.gif"], 64, ".png or .svg"),
        (["add"], 64, "takes folders"),
        (["add", "/nonexistent"], 64, "does not exist"),
        (["a", "b"], 64, "name one cell"),
    ],
)
def test_usage(tmp_path, words, code, text):
    filled(tmp_path / "h.sqlite", 3, 2)
    done = fakes.switchyard(tmp_path, "history", *words, "--db", tmp_path / "h.sqlite")
    assert done.returncode == code and text in done.stderr, done.stderr


def test_a_database_that_is_not_there(tmp_path):
    done = fakes.switchyard(tmp_path, "history", "--db", tmp_path / "none.sqlite")
    assert (
        done.returncode == 64
        and "history add" in done.stderr
        and not (tmp_path / "none.sqlite").exists()
    )


@pytest.mark.parametrize("left", [10, 100, 4096, 5000])
def test_a_truncated_database_is_told_with_the_next_step(tmp_path, left):
    db = tmp_path / "h.sqlite"
    filled(db, 60, 30)
    whole = db.read_bytes()
    assert len(whole) > left
    db.write_bytes(whole[:left])
    with pytest.raises(YardError, match="is damaged.*Move it away.*history add") as error:
        history_store.History(db, must_exist=True).series()
    assert error.value.code == 4


def test_two_machines_are_two_lines_and_lose_nothing(tmp_path):
    """The same run id, cell and metric on two machines: the change from one to the other is no change point."""
    db = tmp_path / "h.sqlite"
    filled(db, 12, 99, "yard1")
    filled(db, 12, 0, "yard2")  # 8 % slower from the first point on
    book = history_store.History(db)
    found = book.series("floor/echo@0")
    assert [(s.machine, len(s.points)) for s in found] == [("yard1", 12), ("yard2", 12)]
    assert all(history_plot.change_points(series) == [] for series in found)
    assert [s.machine for s in book.series(machine="yard2")] == ["yard2"]
    with pytest.raises(UsageError, match="did you mean"):
        book.series(machine="yard3")


VERSION_1 = """
CREATE TABLE points (
  run TEXT NOT NULL, utc TEXT NOT NULL, revision TEXT NOT NULL, host TEXT NOT NULL,
  cell TEXT NOT NULL, metric TEXT NOT NULL, value REAL, reference TEXT NOT NULL, ratio REAL, low REAL, high REAL,
  PRIMARY KEY (run, cell, metric, reference)
) WITHOUT ROWID;
INSERT INTO points VALUES ('r', '2030', 'c', 'EPYC', 'floor/echo@0', 'p50_ns', 1.5, 'v1', 1.0, 0.9, 1.1);
INSERT INTO points VALUES ('r', '2030', 'c', '', 'floor/echo@1', 'p50_ns', 2.5, 'v1', 1.0, 0.9, 1.1);
PRAGMA user_version = 1;
"""


def test_a_database_of_version_1_is_migrated(tmp_path):
    import sqlite3

    file = tmp_path / "h.sqlite"
    with sqlite3.connect(file) as db:
        db.executescript(VERSION_1)
    for _ in range(2):  # the second time there is nothing to do
        book = history_store.History(file)
        points = [point for series in book.series() for point in series.points]
        assert [(p.machine, p.host, p.value, p.low) for p in points] == [
            ("EPYC", "EPYC", 1.5, 0.9),
            ("unknown", "", 2.5, 0.9),
        ]
        book.close()


def test_a_later_version_is_refused(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "h.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(YardError, match="later version"):
        history_store.History(tmp_path / "h.sqlite")


def test_a_run_becomes_points_with_ratios_to_the_floor(tmp_path):
    import fake_runs

    run = fake_runs.realistic(rounds=7, operations=200)
    points = history_store._of_run(run)
    cpu = next(p for p in points if p.cell == "coroutine/echo@1" and p.metric == "cpu_per_unit_ns")
    assert cpu.reference == "floor" and cpu.low < 6_150 / 6_000 < cpu.high
    assert {p.reference for p in points if p.cell.startswith("floor/")} <= {"", "serial"}
    assert {p.reference for p in points if p.cell.startswith("serial/")} <= {"", "floor"}
    book = history_store.History(tmp_path / "h.sqlite")
    assert book.add(points) == book.add(points) == len(points)
    assert sum(len(s.points) for s in book.series()) == len(points)
    with pytest.raises(UsageError):
        book.series("nothing/like@it")


def test_a_check_becomes_points_with_ratios_to_its_base(tmp_path):
    fakes.build(tmp_path / "a", "steady")
    fakes.build(tmp_path / "b", "steady", factor=1.1)
    done = fakes.switchyard(
        tmp_path,
        "check",
        "--base-build",
        tmp_path / "a",
        "--head-build",
        tmp_path / "b",
        "--preset",
        "smoke",
        "--profile",
        "quick",
        "--out",
        tmp_path / "out",
        "--cache",
        tmp_path / "c",
    )
    assert done.returncode == 1 and (tmp_path / "out" / "plots" / "overview.png").exists(), (
        done.stdout + done.stderr
    )
    done = fakes.switchyard(
        tmp_path, "history", "add", tmp_path / "out", "--db", tmp_path / "h.sqlite"
    )
    assert done.returncode == 0, done.stderr
    series = history_store.History(tmp_path / "h.sqlite").series(
        "steady/count@0", "cpu_per_unit_ns"
    )
    assert series[0].reference == str(tmp_path / "a") and series[0].ratios[0] == pytest.approx(
        1.1, abs=0.01
    )


def test_a_sparkline_of_one_value_is_flat():
    assert history_plot.sparkline([2.0, 2.0]) == "▄▄" and history_plot.sparkline([1, 2]) == "▁█"
