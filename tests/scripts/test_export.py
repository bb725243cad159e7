# SPDX-License-Identifier: MIT
"""What other tools read from a run, the manual page, and how long a plan will take."""

import json
import re
import shutil
import subprocess

import click
import fake_runs
import pytest
from fakes import build, switchyard
from yard.cli import main as cli
from yard.engine import forecast
from yard.stats import estimates
from yard.text import interchange, manual


@pytest.fixture(scope="module")
def run():
    made = fake_runs.realistic(rounds=6)
    for sample in made.samples:  # one cell is wrong, one label is evil
        if (sample["model"], sample["workload"]) == ("fiber", "echo"):
            sample.update(verdict="wrong", reason="no")
        if sample["workload"] == "waits" and sample["model"] == "callback":
            sample["variant"] = 'a"b\\c\nd'
    return estimates.cells(made.samples), {"run": 'x"y', **made.meta}


def test_bencher_has_values_with_bounds(run):
    document = json.loads(interchange.bencher(*run))
    name = next(name for name in document if name.startswith("thread/hash_blocks"))
    value = document[name]["cpu-per-unit-ns"]
    assert value["lower_value"] <= value["value"] <= value["upper_value"]


def test_github_action_benchmark_has_only_what_should_be_small(run):
    document = json.loads(interchange.github_action_benchmark(*run))
    assert document and {"name", "unit", "value", "extra"} <= set(document[0])
    assert len({entry["name"] for entry in document}) == len(document)
    assert not [entry for entry in document if "throughput" in entry["name"]]


def test_a_void_cell_has_no_number_in_any_format(run):
    for text in interchange.FORMATS.values():
        assert not re.search(r'fiber/echo|model="fiber"[^\n]*workload="echo"', text(*run))
        assert re.search(r"fiber", text(*run))


def test_openmetrics_obeys_its_grammar(run):
    text = interchange.openmetrics(*run)
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1
    label = r'[a-z_0-9]+="(?:[^"\\\n]|\\["\\n])*"'
    seen = set()
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE"):
            family = line.split()[2]
            assert family not in seen, "a family must stand together"
            seen.add(family)
        elif not line.startswith("#"):
            assert re.fullmatch(rf"{family}\{{{label}(,{label})*\}} [0-9.e+-]+", line), line
    for family in seen:
        unit = re.search(rf"# UNIT {family} (\w+)", text)
        assert unit is None or family.endswith("_" + unit[1])


def test_times_are_in_seconds_where_the_format_asks_for_them(run):
    cells, meta = run
    cell = next(c for c in cells if "cpu_per_unit_ns" in c.estimates and c.model == "thread")
    value = re.search(
        r'switchyard_cpu_per_unit_seconds\{[^\n]*bound="median"\} (\S+)',
        interchange.openmetrics([cell], meta),
    )
    assert float(value[1]) == pytest.approx(cell.estimates["cpu_per_unit_ns"].value * 1e-9)


def test_the_command_writes_a_file_and_names_the_formats(tmp_path, run):
    folder = fake_runs.write(fake_runs.realistic(rounds=5), tmp_path / "run")
    assert (
        switchyard(
            tmp_path, "export", folder, "--format", "bencher", "--out", tmp_path / "b.json"
        ).returncode
        == 0
    )
    assert json.loads((tmp_path / "b.json").read_text())
    assert switchyard(tmp_path, "export", folder, "--format", "bensher").returncode == 64


def page() -> str:
    return manual.page(cli.command, click.Context(cli.command, info_name="switchyard"))


def test_the_manual_page_has_every_command_and_every_option():
    text = page().replace("\\-", "-")
    for name in cli.command.list_commands(click.Context(cli.command)):
        command = cli.command.get_command(click.Context(cli.command), name)
        assert f"switchyard {name}" in text
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[0] in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff")
def test_the_formatter_has_nothing_to_complain_of():
    ended = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww"], input=page(), capture_output=True, text=True
    )
    assert ended.returncode == 0 and not ended.stderr, ended.stderr


def test_a_line_is_no_request_to_the_formatter():
    assert (
        manual._roff(".so /etc/passwd") == "\\&.so /etc/passwd"
        and manual._roff("a\\b\n.c") == "a\\eb .c"
    )


def test_a_plan_is_forecast_from_earlier_runs(tmp_path):
    raw = tmp_path / "raw"
    plan = {"rounds": 10, "time_budget_s": 60.0, "processes": []}
    for order, items in enumerate((1, 2)):
        plan["processes"] += [
            {
                "round": r,
                "model": "good",
                "variant": "",
                "workload": "count",
                "order": order,
                "params": {"items": items},
                "workers": 2,
            }
            for r in range(10)
        ]
    assert (
        forecast.words(plan, [], forecast.expect(plan, raw))
        == "Time: unknown, no earlier run on this machine has these cells; the budget is 60 s."
    )
    made = switchyard(
        build(tmp_path, "good"),
        "run",
        "--build",
        tmp_path,
        "--models",
        "good",
        "--preset",
        "smoke",
        "--workloads",
        "count",
        "--workers",
        "2",
        "--out",
        raw / "one",
    )
    assert made.returncode == 0, made.stderr
    assert forecast.expect(plan, raw) == 10
    assert re.match(
        r"Time: about [\d.]+ s for 2 processes a round, of which 1 were never measured here",
        forecast.words(plan, [], 10),
    )
