# SPDX-License-Identifier: MIT
"""What is measured next within a time budget: the first page first, whole rows, and never much beyond the time."""

import json
import random

import pytest

import fake_runs
from yard.engine import executed, forecast, plan as planning
from yard.engine.schedule import Schedule
from yard.errors import UsageError
from yard.report import assemble, first_screen, html_page, markdown_page

DESCRIBED = [
    {"name": name, "group": group, "role": "batch", "in_report": {"question": question, **more}}
    for name, group, question, more in (
        ("other", "io_bound", None, {}),
        ("lesson", "lesson", "waiting", {}),
        ("serve", "io_bound", "serving", {"preferred": {"size": 2}}),
        ("noop", "self", None, {}),
        ("count", "cpu_bound", "computing", {}),
        ("wait", "io_bound", "waiting", {}),
    )
]


def plan_of(budget_s, contenders=4, most_rounds=7, sizes=(1, 2, 3), seed=1, **more):
    jobs = [
        {
            "model": f"model{number}",
            "variant": "",
            "workload": workload["name"],
            "point": point,
            "params": {"size": size},
            "workers": 2,
        }
        for workload in DESCRIBED
        for point, size in enumerate(sizes)
        for number in range(contenders)
    ]
    return {
        "time_budget_s": budget_s,
        "adaptive": True,
        "rounds": most_rounds,
        "seed": seed,
        "processes": planning._round(jobs, 0, seed),
        **more,
    }


def carry_out(plan, slot_s):
    """As the runner does, with `slot_s(job)` for a clock. Gives what was seen, and the blocks."""
    schedule, seen, blocks = Schedule(plan, DESCRIBED), executed.Seen(), []
    while (block := schedule.next(seen)) is not None:
        line = executed_line(block)
        seen.add(line)
        blocks.append(block)
        for job in executed.jobs_of(plan, line):
            if not schedule.has_time_for(seen, job):
                return schedule, seen, blocks
            seen.add({**job, "slot": seen.slots, "seconds": slot_s(job)})
    return schedule, seen, blocks


def executed_line(block):
    workload, params, workers = block.row.at
    return {
        "block": 0,
        "workload": workload,
        "params": dict(params),
        "workers": workers,
        "round": block.round,
        "contenders": block.contenders,
    }


def test_each_question_of_the_first_page_has_its_row_before_the_others():
    schedule = Schedule(plan_of(1e6), DESCRIBED)
    first = [(row.workload, dict(row.at[1])["size"]) for row in schedule.rows if row.first]
    # A real question before the lesson's; the point that the workload prefers, or its last.
    assert first[:3] == [("serve", 2), ("count", 3), ("wait", 3)]
    assert set(first[3:]) == {("lesson", 3), *(("noop", size) for size in (1, 2, 3))}
    _, _, blocks = carry_out(plan_of(1e6), lambda job: 1.0)
    assert all(block.row.first for block in blocks[: 7 * len(first)])
    assert not blocks[7 * len(first)].row.first


@pytest.mark.parametrize("seed", range(20))
def test_the_budget_is_exceeded_by_one_slot_at_most(seed):
    draw = random.Random(seed)
    budget_s = draw.uniform(5, 400)
    longest = 0.0

    def slot_s(job):
        nonlocal longest
        seconds = draw.choice([0.2, 0.5, 1.0, 6.0]) * draw.uniform(0.9, 1.1)
        longest = max(longest, seconds)
        return seconds

    _, seen, _ = carry_out(plan_of(budget_s, seed=seed), slot_s)
    assert seen.spent_s <= budget_s + longest
    assert seen.spent_s >= 0.5 * budget_s  # and it is used


def test_rows_get_the_rounds_that_a_report_needs_or_none():
    schedule, seen, _ = carry_out(plan_of(180.0), lambda job: 0.5)
    rounds = {row.title: seen.rounds[row.at] for row in schedule.rows}
    assert set(rounds.values()) <= {0, 5, 6, 7} and 0 in rounds.values()
    assert all(seen.rounds[row.at] >= 5 for row in schedule.rows if row.first)
    missing = schedule.still_open(seen)
    assert {row.row for row in missing} == {name for name, n in rounds.items() if n == 0}
    for row in missing:
        assert row.why == "not measured" and row.minutes == pytest.approx(5 * 4 * 0.5 / 60)


def test_time_for_everything_measures_everything_to_the_most_rounds():
    schedule, seen, _ = carry_out(plan_of(1e6), lambda job: 0.5)
    assert {seen.rounds[row.at] for row in schedule.rows} == {7}
    assert schedule.still_open(seen) == [] and schedule.next(seen) is None


def test_too_little_time_for_any_row_is_spent_on_the_first_and_said():
    schedule, seen, blocks = carry_out(plan_of(7.0), lambda job: 0.5)
    assert {block.row.title for block in blocks} == {schedule.rows[0].title}
    missing = schedule.still_open(seen)
    assert len(missing) == len(schedule.rows) and missing[0].why == "too few rounds"


def test_a_budget_that_answers_nothing_is_refused_where_that_is_known():
    expected = plan_of(7.0)
    for process in expected["processes"]:
        process["expected_s"] = 0.5
    with pytest.raises(UsageError, match="no row can reach the 5 rounds.*takes about 10 s"):
        forecast.words(expected, DESCRIBED, 0)
    enough = {**expected, "time_budget_s": 150.0}
    said = forecast.words(enough, DESCRIBED, 0)
    assert "At least 12 of 18 rows fit in; at worst these stay open: " in said
    assert " workers (10 s); 1 more (10 s)." in said
    # A forecast that knows nothing does not refuse.
    assert "unknown" in forecast.words(plan_of(7.0), DESCRIBED, 72)


def test_the_forecast_is_what_then_happens():
    plan = plan_of(180.0)
    for process in plan["processes"]:
        process["expected_s"] = 0.5
    schedule, seen, _ = carry_out(plan, lambda job: 0.5)
    assert forecast.rehearse(plan, DESCRIBED).rounds == seen.rounds


WRONG = (None, True, "x", "", -1, 1e999, [], [1], {}, {"a": []}, [["a"]], [["a", 1]])


def test_lines_that_are_not_whole_are_left_out_whatever_is_wrong(tmp_path):
    """A damaged folder breaks neither its own resumption nor the forecast of another run."""
    point = {"workload": "serve", "params": {"size": 2}, "workers": 2}
    block = {"block": 0, **point, "round": 0, "contenders": [["model0", ""]]}
    slot = {"slot": 0, **point, "model": "model0", "variant": "", "round": 0, "seconds": 1.5}
    file = tmp_path / executed.FILE
    tried = 0
    for line in (block, slot):
        for name in {*line} - {"block", "slot"}:
            for wrong in WRONG:
                if wrong.__class__ is line[name].__class__ and wrong not in (-1, 1e999):
                    continue
                file.write_text(
                    "".join(json.dumps(each) + "\n" for each in (line, {**line, name: wrong}))
                )
                lines = executed.read(tmp_path)
                assert lines[0] == line
                seen = executed.Seen(lines)
                assert 0 <= seen.spent_s < 1e6 and seen.slots <= 2
                for each in lines:
                    if "block" in each:
                        executed.jobs_of(plan_of(10.0), each)
                tried += len(lines) == 1
    assert tried > 60
    (tmp_path / "samples.jsonl").touch()
    file.write_text(json.dumps({**slot, "seconds": "long"}) + "\n")
    assert forecast.expect(plan_of(10.0), tmp_path.parent) == len(plan_of(10.0)["processes"])


def test_a_slot_with_other_workers_forecasts_nothing(tmp_path):
    plan = plan_of(10.0, contenders=1, sizes=(2,))
    job = plan["processes"][0]
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "samples.jsonl").touch()
    lines = [{**job, "seconds": 2.0, "workers": workers} for workers in (1, 2)]
    lines[0]["seconds"] = 100.0
    (folder / executed.FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    forecast.expect(plan, tmp_path)
    assert job["expected_s"] == 2.0


def test_what_was_left_open_is_named_on_every_page_of_a_report(capsys):
    run = fake_runs.realistic(rounds=5, operations=300)
    run.meta["open"] = [
        {"row": "echo <b>1000", "rounds": 0, "why": "not measured", "minutes": 2.0},
        {"row": "broken"},
        7,
    ]
    report = assemble.build(run)
    sentence = "not measured; 2 min more would settle it."
    assert report.open_rows == [f"echo <b>1000: {sentence}"]
    assert f"echo &lt;b&gt;1000: {sentence}" in markdown_page.render(report)
    assert f"<li>echo &lt;b&gt;1000: {sentence}</li>" in html_page.render(report)
    first_screen.print_report(report)
    assert "1 open, for lack of time:" in capsys.readouterr().out
