# SPDX-License-Identifier: MIT
"""What other tools print: each format is seen from its content, and what is wrong in it is
named."""

import json
import os
import shutil
import sys

import pytest

import fakes
from yard.gate import whole_process
from yard.gate.formats import registry
from yard.gate.formats.criterion import gathered, quoted
from yard.gate.formats.go_testing import pattern
from yard.gate.formats.output_format import ONLY, Malformed
from yard.gate.reading import Failed

CRITERION = {
    "benchmark.json": json.dumps({"full_id": "grp/x y"}),
    "sample.json": json.dumps({"iters": [10.0, 20.0], "times": [50.0, 100.0]}),
    "estimates.json": json.dumps({"median": {"point_estimate": 7.5}}),
}


def criterion(**files):
    kept = {name: text for name, text in {**CRITERION, **files}.items() if text is not None}
    return json.dumps({"criterion": {"grp/x_y": kept}})


def jmh(**fields):
    metric = {"score": 12.0, "scoreUnit": "ns/op", "rawData": [[10.0, 12.0, 90.0]]}
    row = {"benchmark": "org.example.Sum.run", "mode": "avgt", "params": {"n": "8"}}
    return json.dumps([{**row, "primaryMetric": metric, **fields}], indent=2)


def pytest_benchmark(**stats):
    times = {"min": 1e-6, "max": 4e-6, "mean": 3e-6, "median": 2e-6, **stats}
    row = {"name": "test_a[1]", "fullname": "t/test_x.py::test_a[1]", "stats": times}
    return json.dumps({"machine_info": {}, "benchmarks": [row], "version": "3.2.2"})


def hyperfine(**fields):
    row = {"command": "./x", "mean": 0.2, "user": 0.01, "system": 0.02, "times": [0.1, 0.3, 0.2]}
    return json.dumps({"results": [{**row, **fields}]}, indent=2)


GO = """goos: linux
pkg: example/parse
BenchmarkParse/size=64/a_b-32     200      640.5 ns/op   12.5 MB/s   16 B/op   2 allocs/op
PASS
"""
PERF = "# started on Mon\n\n1204567,,instructions:u,812345,100.00,1.1,insn per cycle\n0.85,msec,task-clock,854203,100.00,0.048,CPUs utilized\n"
GOOGLE = json.dumps(
    {
        "context": {},
        "benchmarks": [
            {"name": "x", "iterations": 3, "real_time": 2.0, "cpu_time": 1.0, "time_unit": "us"}
        ],
    }
)
LINES = 'hello\n{"scenario": "parse", "metrics": {"time": 1.5}}\n'
# format -> its output, and a value that must be read from it: scenario, metric, value
SAMPLES = {
    "pytest-benchmark": (pytest_benchmark(), "t/test_x.py::test_a[1]", "median_time", 2000.0),
    "google-benchmark": (GOOGLE, "x", "cpu_time", 1000.0),
    "hyperfine": (hyperfine(), ONLY, "wall_time", 2e8),
    "jmh": (jmh(), "org.example.Sum.run:n=8", "ns/op", 12.0),
    "criterion": (criterion(), "grp/x y", "time_per_iteration", 5.0),
    "lines": (LINES, "parse", "time", 1.5),
    "go": (GO, "BenchmarkParse/size=64/a_b-32", "ns/op", 640.5),
    "perf-stat": (PERF, ONLY, "task-clock", 850000.0),
}


def test_every_format_has_a_sample():
    assert set(SAMPLES) == set(registry.BY_NAME)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_seen_from_its_content(name):
    text, scenario, metric, value = SAMPLES[name]
    form = registry.of_text(text)
    assert form.name == name
    assert form.read(text).values[scenario][metric] == pytest.approx(value)
    assert set(form.judged) - {"B/op", "allocs/op"} <= form.read(text).metrics(scenario)
    others = [one.name for one in registry.FORMATS if one.recognises(text)]
    assert others == [name]


@pytest.mark.parametrize(
    "text", ["", "\n", "hello\nworld\n", "{}", "[]", "[[[", "1,2,3\n", "\0\x1b[2J"]
)
def test_what_is_no_format_is_refused(text):
    with pytest.raises(Failed, match="--time"):
        registry.of_text(text)


WHAT_IS_WRONG = [
    ("hyperfine", '{\n"results": [\n}', 3, "no proper hyperfine JSON"),
    ("hyperfine", '{"results": []}', 1, "no list 'results'"),
    ("hyperfine", hyperfine(command=7), 1, "no 'command'"),
    ("hyperfine", hyperfine(times=[]), 4, "has no run"),
    ("pytest-benchmark", '{"benchmarks": [\n{]', 2, "no proper pytest-benchmark JSON"),
    ("pytest-benchmark", '{"benchmarks": []}', 1, "no benchmark"),
    ("pytest-benchmark", '{"benchmarks": [\n{"name": "x"}]}', 2, "'x' has no stats"),
    ("pytest-benchmark", '{"benchmarks": [{"stats": {}}]}', 1, "no name"),
    ("jmh", "[\n{]", 2, "no proper JMH JSON"),
    ("jmh", "[]", 1, "no list of results"),
    ("jmh", jmh(benchmark=None), 1, "no 'benchmark'"),
    ("jmh", jmh(primaryMetric={}), 3, "no primaryMetric"),
    ("criterion", '{"criterion": {}}', 0, "no folder NAME/new"),
    ("criterion", criterion(**{"benchmark.json": None}), 0, "benchmark.json is not there"),
    ("criterion", criterion(**{"benchmark.json": "{"}), 1, "benchmark.json is no JSON"),
    ("criterion", criterion(**{"benchmark.json": "{}"}), 1, "no full_id"),
    ("criterion", criterion(**{"sample.json": "[]"}), 1, "no iters and times"),
    ("criterion", criterion(**{"sample.json": '{"iters": [0], "times": [1]}'}), 1, "do not match"),
    ("criterion", criterion(**{"sample.json": None, "estimates.json": None}), 0, "is not there"),
    ("go", "ok  example 0.1s\n", 0, "no line of a benchmark"),
    ("go", "pkg: x\nBenchmarkA-2  10  5 ns/op  7\n", 2, "a value without a unit"),
    ("perf-stat", "# started\n", 0, "it has no event"),
    ("perf-stat", "# started\n12,msec\n", 2, "no line of an event"),
]


def test_the_wrong_outputs_are_of_every_format():
    tolerant = {"lines", "google-benchmark"}  # tested in test_check_commands.py
    assert {name for name, *_ in WHAT_IS_WRONG} == set(registry.BY_NAME) - tolerant


@pytest.mark.parametrize("name, text, line, reason", WHAT_IS_WRONG)
def test_an_output_without_structure_is_named_with_its_line(name, text, line, reason):
    with pytest.raises(Malformed) as error:
        registry.named(name).read(text)
    remark = error.value.text("file")
    assert reason in remark and "; " in remark and "\n" not in remark
    assert remark.startswith(f"file:{line}: " if line else "file: ")


@pytest.mark.parametrize("bad", [None, "1.5", True, -1.0, float("nan"), float("inf"), [1], {}])
@pytest.mark.parametrize(
    "name, make, metric",
    [
        ("hyperfine", lambda v: hyperfine(times=[v]), "wall_time"),
        ("hyperfine", lambda v: hyperfine(user=v), "cpu_time"),
        ("pytest-benchmark", lambda v: pytest_benchmark(median=v), "median_time"),
        (
            "jmh",
            lambda v: jmh(primaryMetric={"score": v, "scoreUnit": "ns/op"}),
            "ns/op",
        ),
        (
            "criterion",
            lambda v: criterion(**{"sample.json": json.dumps({"iters": [1], "times": [v]})}),
            "time_per_iteration",
        ),
        ("go", lambda v: f"BenchmarkA 1 {json.dumps(v).replace(' ', '')} ns/op\n", "ns/op"),
        ("perf-stat", lambda v: f"{json.dumps(v)},msec,task-clock,1,100.00\n", "task-clock"),
    ],
)
def test_a_value_that_is_no_measurement_is_refused_by_name(name, make, metric, bad):
    if name in ("go", "perf-stat") and bad == "1.5":
        pytest.skip("their numbers are text")
    reading = registry.named(name).read(make(bad))
    refused = {m: why for (_, m), why in reading.refused.items()}
    assert refused.get(metric), reading.values


def test_a_skipped_or_failed_benchmark_of_go_is_named():
    text = "BenchmarkA-9 1 5 ns/op\n--- FAIL: BenchmarkB\n    x_test.go:6: boom\n--- SKIP: BenchmarkC\n    x: no\n"
    reading = registry.named("go").read(text)
    assert reading.refused["BenchmarkB", ""] == "failed: x_test.go:6: boom"
    assert reading.refused["BenchmarkC", ""] == "was skipped: x: no"
    assert reading.scenarios == ["BenchmarkA-9", "BenchmarkB", "BenchmarkC"]


def test_a_folder_of_criterion_is_gathered(tmp_path):
    new = tmp_path / "grp" / "x_y" / "new"
    new.mkdir(parents=True)
    for file, text in CRITERION.items():
        (new / file).write_text(text)
    (tmp_path / "report").mkdir()
    assert json.loads(gathered(tmp_path)) == json.loads(criterion())
    without_samples = registry.named("criterion").read(criterion(**{"sample.json": None}))
    assert without_samples.values == {"grp/x y": {"time_per_iteration": 7.5}}


def test_one_benchmark_is_asked_for_exactly(tmp_path):
    assert pattern("BenchmarkA/n=1/x_y(1)") == r"^BenchmarkA$/^n=1$/^x_y\(1\)$"
    assert quoted("a.b(c) [d]") == r"a\.b\(c\) \[d\]"

    def words(name, command, scenario):
        return " ".join(registry.named(name).one(command.split(), scenario, tmp_path, 0.3).words)

    assert words("go", "env -C f go test -bench . -count 3 ./x", "BenchmarkA/b") == (
        "env -C f go test -benchtime=0.3s -bench=^BenchmarkA$/^b$ -run=^$ -count=1 ./x"
    )
    assert words("go", "./x.test -test.bench=. -test.benchtime=9x", "BenchmarkA") == (
        "./x.test -test.benchtime=9x -test.bench=^BenchmarkA$ -test.run=^$ -test.count=1"
    )
    assert words("criterion", "cargo bench --bench b", "a.b").endswith(r"--noplot ^a\.b$")
    assert " -- " in words("criterion", "cargo bench --bench b", "a.b")
    asked = words("jmh", "java -jar jmh.jar Sum", "a.Sum.run:n=8,m=2")
    assert r"-p n=8 -p m=2 -e ^(?!\Qa.Sum.run\E$).*$" in asked


def switchyard(folder, *words):
    return fakes.switchyard(
        folder,
        "check",
        *words,
        *("--out", folder / "out", "--cache", folder / "cache", "--profile", "quick"),
        *("--seed", 3, "--no-plots"),
    )


def test_an_output_that_cannot_be_read_is_kept_and_its_line_named(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(hyperfine())
    bad.write_text('{\n"results": [\n}')
    done = switchyard(
        tmp_path, "--base-cmd", f"cat {good}", "--head-cmd", f"cat {bad}", "--format", "hyperfine"
    )
    assert done.returncode == 4, done.stdout + done.stderr
    kept = tmp_path / "out" / "output-head.txt"
    assert f"{kept}:3: no proper hyperfine JSON" in done.stderr
    assert kept.read_text() == bad.read_text()


@pytest.mark.parametrize(
    "words, code, text",
    [
        (["--time", "true", "/nonexistent/x"], 64, "is no program here"),
        (["--time", "true", ""], 64, "an empty command"),
        (["--time", "true", "false"], 4, "the head's command ended with 1"),
        (["--time", "true", "true", "--base-cmd", "x"], 64, "name the sides"),
        (["--base-cmd", "echo", "--head-cmd", "echo", "--format", "goo"], 64, "did you mean go?"),
        (["--base-cmd", "sh -c :", "--head-cmd", "sh -c :"], 3, "printed nothing"),
        (["--base-cmd", "./x.test -test.bench=.", "--head-cmd", "x"], 64, "no program here"),
    ],
)
def test_what_cannot_be_timed_or_read(tmp_path, words, code, text):
    done = switchyard(tmp_path, *words)
    assert done.returncode == code and text in done.stderr, done.stdout + done.stderr


def test_a_command_is_timed_as_a_whole(tmp_path):
    """Its children too. What is compared is work of 1 : 100, on a machine as busy as it may be."""

    def cpu(count):
        words = ["sh", "-c", f"{sys.executable} -S -c 'sum(range({count}))'; true"]
        start = whole_process.Start(words, dict(os.environ), tmp_path, 60.0)
        with open(tmp_path / "stderr.txt", "wb") as stderr:
            reading, ending = whole_process.slot(start, stderr, 0.0)
        assert ending.exit_code == 0 and reading.values[ONLY]["wall_time"] > 0
        return reading.values[ONLY]["cpu_time"]

    assert cpu(20_000_000) > 2 * cpu(1000)


def test_two_commands_are_timed_pair_by_pair(tmp_path):
    done = switchyard(tmp_path, "--time", "true", "true", "--time-budget", "3s")
    assert done.returncode in (0, 2), done.stdout + done.stderr
    cells = json.loads((tmp_path / "out" / "check.json").read_text())["cells"]
    assert {(c["scenario"], c["metric"], c["unit"]) for c in cells} == {
        ("command", "wall_time", "ns"),
        ("command", "cpu_time", "ns"),
    }
    assert all("check --time true true" in c["repeat"] for c in cells)


@pytest.mark.parametrize("tool", ["hyperfine", "pytest"])
def test_a_real_tool_is_driven(tmp_path, tool):
    """What the tool measures is noise on a busy machine: a real one is only read, and must give
    every value."""
    from yard.gate.side_command import Command, Slot

    if tool == "hyperfine":
        if not shutil.which("hyperfine"):
            pytest.skip("no hyperfine: apt-get install hyperfine")
        command = Command("hyperfine -N true")
    else:
        pytest.importorskip(
            "pytest_benchmark",
            reason="no pytest-benchmark: apt-get install python3-pytest-benchmark",
        )
        (tmp_path / "test_sums.py").write_text(
            "import pytest\n@pytest.mark.parametrize('n', [1, 2])\n"
            "def test_sum(benchmark, n):\n    benchmark(sum, range(n))\n"
        )
        command = Command(
            f"env -C {tmp_path} {sys.executable} -m pytest -q -p no:cacheprovider test_sums.py"
        )
    command.examine(tmp_path)
    scenario = "test_sums.py::test_sum[2]" if tool == "pytest" else ONLY
    gave = command.once("base", scenario, Slot(tmp_path, 0.01, tmp_path))
    assert not gave.trouble and list(gave.reading.values) == [scenario], gave
    assert set(command.format.judged) <= gave.reading.metrics(scenario)
    if tool == "pytest":
        assert list(command.names) == ["test_sums.py::test_sum[1]", scenario]
