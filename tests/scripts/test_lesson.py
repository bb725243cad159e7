# SPDX-License-Identifier: MIT
"""The lesson shows what it says, in the order of events and not by the clock; the claims follow their figures."""

import json

import pytest
from fakes import build, switchyard
from yard.stats.estimates import Cell, PointKey, estimate
from yard.learn.lesson import chapters, claims, lesson_page, timeline

BY_ID = {chapter.id: chapter for chapter in chapters.CHAPTERS}


@pytest.fixture(scope="module")
def seen():
    return {chapter.id: chapters.run(chapter) for chapter in chapters.CHAPTERS}


def order(t: timeline.Timeline, *wanted: tuple[str, str]) -> bool:
    events = [(who, state) for _, who, state, _ in sorted(t.events)]
    places = [events.index(each) for each in wanted]
    return places == sorted(places)


def test_awaited_one_after_another_nothing_overlaps(seen):
    for id in ("synchronous-function", "await"):
        assert seen[id].together_s("first", "second") == 0
        assert order(seen[id], ("first", "ended"), ("second", "waits"))
        assert "did not overlap" in BY_ID[id].seen(seen[id])


def test_tasks_and_threads_wait_together(seen):
    for id in ("task", "thread"):
        assert seen[id].together_s("first", "second") > 0
        assert "overlapped" in BY_ID[id].seen(seen[id])


def test_the_words_do_what_they_say(seen):
    assert order(seen["coroutine-object"], ("main", "runs"), ("main", "waits"), ("fetch", "runs"))
    assert order(seen["future"], ("waiter", "waits"), ("waiter", "ended"))
    assert order(
        seen["event-loop"],
        ("ready 1", "runs"),
        ("ready 1", "ended"),
        ("ready 2", "runs"),
        ("timer", "runs"),
    )
    rude = [s for s in seen["blocking-call"].spans() if s.who == "rude" and s.state == "runs"][0]
    ticks = [
        s.begin_s for s in seen["blocking-call"].spans() if s.who == "ticker" and s.state == "runs"
    ]
    assert not [tick for tick in ticks if rude.begin_s < tick < rude.end_s]
    assert len({who for _, who, _, _ in seen["process"].events}) == 3


def test_every_word_of_the_issue_has_a_chapter_that_draws(seen):
    assert {
        "synchronous-function",
        "coroutine-object",
        "await",
        "future",
        "task",
        "event-loop",
        "thread",
        "process",
    } <= set(BY_ID)
    for id, t in seen.items():
        lines = timeline.text(t, 40, plain=True)
        assert len(lines) == len(t.lanes()) + 1 and all(
            "#" in line or "." in line for line in lines[:-1]
        ), id


def test_a_drawing_shows_runs_and_waits_to_scale():
    t = timeline.Timeline(
        [(0.0, "a", "runs", ""), (1.0, "a", "waits", ""), (2.0, "a", "ended", "")]
    )
    assert timeline.text(t, 10, plain=True)[0] == "a |#####.....|"
    assert t.together_s("a", "a", "runs") == 1.0


def test_the_page_escapes_what_came_from_outside(seen):
    evil = claims.Verdict("<script>a", claims.TRUE, "<script>b", ())
    text = lesson_page.page([(BY_ID["task"], seen["task"])], [evil], "<script>c")
    assert "<script>" not in text and text.count("&lt;script&gt;") == 3 and text.count("<svg") == 1


def test_the_page_sets_code_as_code():
    assert lesson_page.prose("a `x < y` b `c") == "a <code>x &lt; y</code> b `c"


def cell(model: str, variant: str = "", *values: float, metric: str = "run_ns") -> Cell:
    rounds = dict(enumerate(values))
    found = Cell(PointKey("w", "quick", 0, ()), model, variant)
    found.counts["ok"] = len(rounds)
    found.values = {metric: rounds}
    found.estimates = {metric: estimate(rounds)}
    return found


STEADY = (1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0)


def times(factor: float) -> list[float]:
    return [1e6 * factor * value for value in reversed(STEADY)]


@pytest.mark.parametrize(
    "factor, mark", [(2.0, claims.TRUE), (1.0, claims.FALSE), (0.5, claims.FALSE)]
)
def test_tasks_are_judged_by_the_interval(factor, mark):
    cells = [cell("coroutine", "sequential", *times(factor)), cell("coroutine", "tasks", *times(1))]
    assert claims._tasks([cells])[0] == mark


@pytest.mark.parametrize(
    "factor, mark", [(1.0, claims.TRUE), (2.0, claims.DEPENDS), (0.4, claims.FALSE)]
)
def test_awaiting_is_judged_by_the_interval(factor, mark):
    cells = [cell("coroutine", "sequential", *times(factor)), cell("serial", "", *times(1))]
    assert claims._awaiting([cells])[0] == mark


@pytest.mark.parametrize(
    "serial, thread, cpus, mark",
    [
        (2.0, 1.0, 2.0, claims.DEPENDS),
        (2.0, 2.0, 2.0, claims.TRUE),
        (1.0, 1.0, 2.0, claims.FALSE),
        (1.0, 1.0, 1.0, claims.UNKNOWN),
    ],
)
def test_processes_depend_on_threads_and_cpus(serial, thread, cpus, mark):
    cells = [
        cell("serial", "", *times(serial)),
        cell("thread", "", *times(thread)),
        cell("process", "", *times(1)),
    ]
    for name, value in (("cpu_per_unit_ns", cpus), ("time_per_unit_ns", 1.0)):
        cells[2].estimates[name] = estimate({0: value})
    assert claims._processes([cells])[0] == mark


def test_what_cannot_be_measured_says_so_and_does_not_stop_the_lesson(tmp_path):
    ended = switchyard(
        build(tmp_path, "good"), "lesson", "--json", "--build", tmp_path, "--rounds", "1"
    )
    document = json.loads(ended.stdout)
    assert ended.returncode == 0 and len(document["chapters"]) == len(chapters.CHAPTERS)
    assert {c["mark"] for c in document["claims"]} == {claims.UNKNOWN} and all(
        c["because"] for c in document["claims"]
    )


def test_a_mistyped_chapter_is_answered_with_the_nearest(tmp_path):
    ended = switchyard(tmp_path, "lesson", "awiat")
    assert ended.returncode == 64 and "await" in ended.stderr


def test_one_chapter_alone(tmp_path):
    ended = switchyard(tmp_path, "lesson", "task", "--html", tmp_path / "lesson.html")
    assert (
        ended.returncode == 0
        and "overlapped" in ended.stdout
        and (tmp_path / "lesson.html").stat().st_size > 2000
    )
