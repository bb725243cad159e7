# SPDX-License-Identifier: MIT
"""A metric touches the table of metrics alone: with one more line there, every output has it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import REPOSITORY

METRIC = {
    "id": "minor_faults_per_unit",
    "label": "minor page faults per unit",
    "unit": "count",
    "better": "less",
    "formula": "minor_faults / units",
    "openmetrics": "switchyard_minor_faults_per_unit",
    "gate": {"tier": "advisory", "tolerated": 0.1, "must_find": 0.25},
}
TABLE = "bench/facts/metrics.json"
MADE = ("docs/check.md", "docs/methodology.md", "results/README.md")  # from the tables
SHOW = """
import json
import fake_runs
from yard.data.facts import METRIC
from yard.gate import values
from yard.stats import estimates
from yard.text import interchange

made = fake_runs.realistic(rounds=4)
echo = [sample for sample in made.samples if sample["workload"] == "echo"]
good = [s for s in echo if s["verdict"] == "ok" and not s.get("warm")]
cells = estimates.cells(echo)
print(json.dumps({
    "label": METRIC[METRIC.minor_faults_per_unit].label,
    "estimated": all(METRIC.minor_faults_per_unit in c.estimates for c in cells if c.measured),
    "judged": METRIC.minor_faults_per_unit in values.of_process(good[:1]),
    "exported": "# TYPE switchyard_minor_faults_per_unit gauge" in interchange.openmetrics(cells, made.meta),
    "of_bencher": '"minor-faults-per-unit"' in interchange.bencher(cells, made.meta),
}))
"""


@pytest.fixture
def tree(tmp_path):
    parts = ("bench/facts", "scripts/yard")
    for part in parts:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / part, tmp_path / part, ignore=ignored)
    for page in MADE:
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / page, tmp_path / page)
    return tmp_path


def contents(root):
    return {
        str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }


def run(tree, *words):
    """Python with what the tree has of this repository, and the invented run of these tests."""
    path = os.pathsep.join([str(tree / "scripts"), str(Path(__file__).parent)])
    return subprocess.run(
        [sys.executable, "-B", *map(str, words)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_a_metric_touches_the_facts_table_alone(tree):
    before = contents(tree)
    table = json.loads((tree / TABLE).read_text())
    assert METRIC["id"] not in {metric["id"] for metric in table["metrics"]}
    table["metrics"].append(METRIC)
    (tree / TABLE).write_text(json.dumps(table, indent=2) + "\n")

    shown = run(tree, "-c", SHOW)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {
        "label": METRIC["label"],
        "estimated": True,
        "judged": True,
        "exported": True,
        "of_bencher": True,
    }
    generate = tree / "bench/facts/generate.py"
    assert run(tree, generate, "headers", tree / "made").returncode == 0
    assert f'{METRIC["id"]} = "{METRIC["id"]}"' in (tree / "made/metrics.hpp").read_text()
    shutil.rmtree(tree / "made")

    after = contents(tree)
    assert {name for name in after if before.get(name) != after[name]} == {TABLE}
    assert run(tree, generate, "documents").returncode == 0
    after = contents(tree)
    # The gate's table in a document is made from the table of metrics: nobody writes it.
    assert {name for name in after if before.get(name) != after[name]} == {TABLE, "docs/check.md"}
