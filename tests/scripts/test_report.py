# SPDX-License-Identifier: MIT
"""The report of an invented run: what it says, what it must never hide, what it must never execute."""

import copy
import csv
import html.parser as html_parser
import io
import json
import re
import time
from pathlib import Path

import pytest
from rich.console import Console

import fake_runs
from yard import report as report_package
from yard.report import (
    assemble,
    answers,
    environment,
    explorer,
    html_page,
    markdown_page,
    csv_table,
    first_screen,
)
from yard.text import units

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>alert('yard')</script>|$x^2$`"


@pytest.fixture(scope="module")
def run():
    return fake_runs.realistic()


@pytest.fixture(scope="module")
def report(run):
    return assemble.build(run)


@pytest.fixture(scope="module")
def page(report):
    return html_page.render(report)


class Outline(html_parser.HTMLParser):
    """Checks that tags nest, and collects what a browser would fetch or run."""

    VOID = {"meta", "link", "br", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.fetched, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [
            v for n, v in attributes if n in ("src", "href", "xlink:href") and not v.startswith("#")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_needs_no_network(page):
    outline = Outline(page)
    assert outline.fetched == [] and "script" not in outline.tags
    assert "url(" not in page and "@import" not in page


def test_with_the_library_it_still_needs_no_network(report):
    page = html_page.render(report, "/* a chart library */")
    outline = Outline(page)
    assert outline.fetched == [] and outline.tags.count("script") == 3
    assert "a chart library" in page and "apt-get install" not in page


def test_without_the_library_it_says_so_and_has_the_static_charts(page, tmp_path):
    assert explorer.library([tmp_path / "chart.min.js"]) is None
    assert (
        f"apt-get install</code> {explorer.PACKAGE}" in page
        or f"apt-get install {explorer.PACKAGE}" in page
    )
    assert 'class="chart"' in page and "explore-canvas" not in page


def test_a_library_that_would_end_its_element_is_not_taken(tmp_path):
    (tmp_path / "chart.min.js").write_text("var a = '</script>'")
    assert explorer.library([tmp_path / "chart.min.js"]) is None


def test_the_explorer_has_the_numbers_of_the_report(report):
    found = json.loads(explorer.safe_json(explorer.data(report)))
    names = [c["name"] for c in found["contenders"]]
    echo = next(w for w in found["workloads"] if w["name"] == "echo")
    point = report.point("echo", {"connections": 64})
    place = [p["sizes"]["connections"] for p in echo["points"]].index(64)
    for cell in point.cells:
        want = cell.estimates["cpu_per_unit_ns"]
        value, low, high = echo["values"]["cpu_per_unit_ns"][str(names.index(cell.contender))][
            place
        ]
        assert value == pytest.approx(want.value, rel=1e-4) and low == pytest.approx(
            want.low, rel=1e-4
        )
        assert low <= value <= high
    assert "rig limited" in echo["marks"][str(names.index("coroutine"))][place]


def test_data_cannot_leave_its_element():
    text = explorer.safe_json({"</script><!--": HOSTILE})
    assert "<" not in text and json.loads(text) == {"</script><!--": HOSTILE}


def test_the_run_id_is_in_every_output(report, page):
    for text in (page, markdown_page.render(report), csv_table.render(report), printed(report)):
        assert report.run_id in text


def test_the_first_screen_answers_the_questions(report):
    waiting, serving, computing, cost = answers.answers(report)
    assert waiting.headline.startswith("coroutine: ")
    assert any(
        "take the sum: serial 60" in text and "coroutine/sequential" in text
        for text in waiting.evidence
    )
    assert any(
        "the longest wait" in text and "coroutine/tasks 30" in text for text in waiting.evidence
    )
    assert (
        "not separated" in serving.headline
        and "coroutine" in serving.headline
        and "process" in serving.headline
    )
    assert any(
        re.search(r"floor .*coroutine 1\.0\d \[.*callback 1\.[23]", text)
        for text in serving.evidence
    )
    assert re.match(r"(thread|process) \(1\.9\d times serial\) or", computing.headline)
    assert any(
        "No speed-up over serial" in text and "coroutine" in text for text in computing.evidence
    )
    assert "thread/per_connection" in cost.headline


def test_a_run_that_records_no_headlines_is_still_reported(run):
    """Runs before 0.2.0: what a report makes of a workload follows from its group and role."""
    old = copy.copy(run)
    known = ("name", "group", "role")
    plain = [{key: workload[key] for key in known} for workload in fake_runs.WORKLOADS]
    old.meta = {**run.meta, "workloads": plain}
    report = assemble.build(old)
    metrics = {point.key.workload: point.headline.metric for point in report.points}
    assert metrics["fetch_data"] == "run_ns" and metrics["waits"] == "throughput"
    assert not any("cannot tell" in answer.headline for answer in answers.answers(report))
    silent = copy.copy(run)
    silent.meta = {key: value for key, value in run.meta.items() if key != "workloads"}
    waiting, *_ = answers.answers(assemble.build(silent))
    assert "no measured workload that answers this" in waiting.headline


def test_missing_cells_come_before_all_measured_ones(report, page):
    assert page.index('id="missing"') < page.index('id="matrix"')
    states = {(m.contender, m.workload): (m.state, m.reason) for m in report.missing}
    assert states["thread/crashing", "hash_blocks"][0] == "crashed"
    assert "SIGSEGV" in states["thread/crashing", "hash_blocks"][1]
    assert states["process", "waits"][0] == "declined" and "1024" in states["process", "waits"][1]
    assert states["serial", "echo"] == ("declined", "one connection would keep all others waiting")
    text = markdown_page.render(report)
    assert text.index("## Missing cells") < text.index("## The matrix")


def test_a_planned_cell_without_a_sample_is_missing(run):
    planned = copy.copy(run)
    planned.plan = {"cells": [{"model": "fiber", "variant": "", "workload": "nqueens"}]}
    found = assemble.build(planned).missing
    assert any(m.workload == "nqueens" and m.state == "not measured" for m in found)


def test_a_model_that_was_not_built_is_missing(run):
    other = copy.copy(run)
    other.meta = {
        **run.meta,
        "not_built": {
            "uring": {"skipped": "no liburing", "install": "apt-get install liburing-dev"}
        },
    }
    assert any(
        m.contender == "uring" and "liburing-dev" in m.reason for m in assemble.build(other).missing
    )


def test_rig_limited_cells_are_ranked_by_cpu_and_marked(report, page):
    point = report.point("echo", {"connections": 64})
    assert point.headline.metric == "cpu_per_unit_ns"
    assert {"coroutine", "process"} <= set(point.rankings["cpu_per_unit_ns"].group)
    assert "coroutine" not in {place.contender for place in point.rankings["throughput"].places}
    assert "CPU per operation is the headline here." in page and "the client used 97 %" in page


def test_the_suite_states_its_own_error(report, run):
    assert report.suite.good and report.suite.words.startswith("at most 1 %")
    slow = copy.copy(run)
    slow.samples = [
        {**s, "run_ns": s["run_ns"] * 1.05} if s["workload"] == "spin" else s for s in run.samples
    ]
    suite = assemble.build(slow).suite
    assert not suite.good and suite.words.startswith("MORE than 1 %")
    none = copy.copy(run)
    none.samples = [s for s in run.samples if s["workload"] != "noop"]
    assert assemble.build(none).suite.words.startswith("Not measured")


def test_the_ledger_has_knobs_flags_and_lines_of_code(report, page):
    rows = {(r.contender, r.workload): r for r in report.environment.ledger()}
    assert "TCP_NODELAY=on" in rows["fiber", "echo"].knobs
    serial = next(r for r in report.environment.models() if r.model == "serial")
    assert serial.flags == "-O3 -march=native" and serial.lines and serial.lines > 50
    assert "TCP_NODELAY=on" in page


def test_points_are_named_by_what_tells_them_apart():
    make = fake_runs.Maker(1, rounds=5)
    sizes = ((1, 64), (64, 64), (64, 4_096))
    for point, (connections, size) in enumerate(sizes):
        make.add(
            "fiber",
            "echo",
            {"connections": connections, "message_bytes": size, "messages": 10 + point},
            point=point,
        )
    meta = fake_runs.meta()
    fields = [{"name": n} for n in ("connections", "message_bytes", "messages")]
    meta["describe"]["fiber"]["workloads"] = [{"name": "echo", "fields": fields}]
    report = assemble.build(fake_runs.Run(Path("x"), meta, {}, make.samples))
    assert [p.label for p in report.points] == [
        f"connections {c}, message_bytes {s}" for c, s in sizes
    ]


def test_lines_of_code_leave_out_comments_and_stay_inside_impl(tmp_path):
    folder = tmp_path / "impl" / "toy"
    (folder / "own" / "tests").mkdir(parents=True)
    (folder / "echo.cpp").write_text("// SPDX\n#include <x>\n\nint f();\n  // why\nint g();\n")
    (folder / "own" / "a.hpp").write_text("#pragma once\nint h();\n")
    (folder / "own" / "tests" / "t.cpp").write_text("int t();\n")
    assert environment.lines_of_model("toy", tmp_path) == (3, 1)
    assert environment.lines_of_cell("toy", "echo", tmp_path) == 3
    assert environment.lines_of_model("../../etc", tmp_path) == (None, None)


def test_every_figure_has_its_command_and_counts(report, page):
    for point in report.points:
        assert point.command.startswith("scripts/switchyard run --workloads " + point.key.workload)
    assert page.count("Repeat: <code>") == len(report.points)
    assert "10 rounds" in page and "samples" in page


def hostile(value):
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {k: hostile(v) for k, v in value.items()}
    return [hostile(v) for v in value] if isinstance(value, list) else value


def test_text_from_outside_is_only_text(run, tmp_path):
    bad = copy.deepcopy(run)
    bad.meta["host"] = hostile(bad.meta["host"])
    bad.meta["host"][HOSTILE] = HOSTILE
    bad.meta["warnings"] = [HOSTILE]
    bad.meta["command"] = HOSTILE
    for text in bad.meta["describe"].values():
        text["library"] = text["build"]["flags"] = text["build"]["compiler"] = HOSTILE
        for cell in text["cells"]:
            cell["ledger"] = {HOSTILE: HOSTILE}
            cell["declined"] = HOSTILE if cell["declined"] else None
    for sample in bad.samples:
        if sample["verdict"] != "ok":
            sample["reason"] = HOSTILE
        if sample["model"] == "callback":
            sample["variant"] = HOSTILE
        if sample["workload"] == "fetch":
            sample["unit"] = HOSTILE
            sample["params"] = {HOSTILE: 1}
    report = assemble.build(bad)
    page = html_page.render(report)
    outline = Outline(page)
    assert "script" not in outline.tags
    assert "<script" not in page and HOSTILE in "".join(outline.text)
    text = markdown_page.render(report)
    assert "<script" not in text
    assert all(
        line.count(" | ") == line.replace("\\|", "").count(" | ") for line in text.splitlines()
    )
    from yard.report import plot

    assert plot.write(report, tmp_path)


def test_control_characters_do_not_reach_the_terminal(run):
    bad = copy.copy(run)
    bad.meta = {
        **run.meta,
        "host": {**run.meta["host"], "name": "a\x1b[31mb"},
        "warnings": ["\x1b]0;title\x07"],
    }
    assert "\x1b" not in printed(assemble.build(bad))


def printed(report):
    out = io.StringIO()
    first_screen.print_report(report, Console(file=out, width=120, no_color=True))
    return out.getvalue()


def test_three_rounds_show_numbers_without_ranks():
    few = assemble.build(fake_runs.realistic(rounds=3, operations=300))
    assert all(not ranking.places for p in few.points for ranking in p.rankings.values())
    page = html_page.render(few)
    assert "too few rounds" in page and 'class="rank"' not in page
    assert all(a.headline for a in answers.answers(few))
    assert "too few rounds" in printed(few)


def test_an_empty_run_still_has_a_page(tmp_path):
    empty = fake_runs.Run(Path("x"), fake_runs.meta(), {}, [], unreadable=2)
    report = assemble.build(empty)
    page = html_page.render(report)
    assert "This run cannot tell" in page and "2 lines of samples.jsonl could not be read" in page
    assert printed(report) and markdown_page.render(report) and csv_table.render(report)


def test_write_gives_all_four_kinds(tmp_path):
    run = fake_runs.realistic(rounds=5, operations=400)
    folder = fake_runs.write(run, tmp_path / "raw")
    paths = report_package.write(folder, tmp_path / "out")
    assert paths[0].name == "index.html" and all(path.stat().st_size > 0 for path in paths)
    assert {path.suffix for path in paths} == {".html", ".md", ".csv", ".png"}
    images = [path for path in paths if path.suffix == ".png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in images) and len(images) >= 8


def test_csv_is_long_form_and_no_formula(run):
    bad = copy.copy(run)
    bad.samples = [{**s, "reason": "=1+1"} if s["verdict"] == "crashed" else s for s in run.samples]
    rows = list(csv.DictReader(io.StringIO(csv_table.render(assemble.build(bad)))))
    assert len({tuple(sorted(row)) for row in rows}) == 1
    spin = [
        r
        for r in rows
        if r["workload"] == "fetch_data" and r["model"] == "serial" and r["metric"] == "run_ns"
    ]
    assert float(spin[0]["low"]) <= float(spin[0]["value"]) <= float(spin[0]["high"])
    assert any(r["note"] == "'=1+1" for r in rows)


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (1234, "ns", "1.23 µs"),
        (999.9, "ns", "1.00 µs"),
        (60.2e6, "ns", "60.2 ms"),
        (2_500_000, "bytes", "2.38 MiB"),
        (81_300, "units/s", "81.3 k/s"),
        (0.975, "share", "98 %"),
        (0.1, "count", "0.100"),
        (None, "ns", "–"),
        (0, "ns", "0 ns"),
        (1.034, "times", "1.03×"),
    ],
)
def test_numbers_as_people_read_them(value, unit, text):
    assert units.text(value, unit) == text


@pytest.mark.parametrize("kind", ["md", "csv"])
def test_golden(kind):
    """The whole text of a small run. After a wished change: SWITCHYARD_UPDATE_GOLDEN=1 and read the difference."""
    import os

    small = fake_runs.realistic(seed=4, rounds=6, operations=400)
    small.meta = {**small.meta, "describe": {}}  # lines of code change with the models
    built = assemble.build(small)
    text = markdown_page.render(built) if kind == "md" else csv_table.render(built)
    path = GOLDEN / f"report.{kind}"
    if os.environ.get("SWITCHYARD_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.timeout(120)
@pytest.mark.slow
def test_five_hundred_cells_of_a_hundred_rounds(tmp_path):
    make = fake_runs.Maker(3, rounds=100, iterations=1)
    model_names = [n for n in fake_runs.ECHO_CPU_NS if n != "serial"] + [
        "asio",
        "tokio",
        "goroutine",
    ]
    import numpy as np

    payloads = [
        fake_runs.latency(np.random.default_rng(i).lognormal(11, 0.6, 3_000)) for i in range(20)
    ]
    for workload in ("echo", "fetch", "http", "query", "mixed"):
        for point in range(10):
            for i, name in enumerate(model_names):
                make.add(
                    name,
                    workload,
                    {"connections": 2**point, "messages": 1_000},
                    point=point,
                    units=1_000,
                    unit="request",
                    run_ns=1e6 * (i + 3),
                    cpu_ns=1e6 * (i + 2),
                    latency=payloads[i],
                )
    run = fake_runs.Run(tmp_path, fake_runs.meta(), {}, make.samples)
    start = time.process_time()
    report = assemble.build(run)
    page = html_page.render(report, explorer.library())
    took = time.process_time() - start
    assert sum(len(p.cells) for p in report.points) == 500
    assert len(page.encode()) < 10_000_000
    assert (
        took < 60
    ), "a page of 500 cells takes about 15 s of CPU; three times that is a defect, not a slow machine"
