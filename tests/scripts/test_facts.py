# SPDX-License-Identifier: MIT
"""A verdict, a field of a sample and a metric are spelt in the tables of bench/facts and nowhere else."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from yard.data import facts, formula

ROOT = Path(__file__).resolve().parents[2]
TABLES = (facts.VERDICT, facts.FIELD, facts.PART, facts.METRIC)
# Words of other files, too: keys of `--describe` and of plan.json, columns, plain English. Nothing
# tells these uses apart.
WORDS = {
    *(name for table in (facts.FIELD, facts.PART) for name in table if "_" not in name),
    *(facts.VERDICT.declined, facts.VERDICT.skipped, facts.VERDICT.timeout),
}
NAMES = {name for table in TABLES for name in table} - WORDS
GATE_SAYS_OK = "the gate and the exit codes call their own good end so, too"
# What spells them still, and why. It only gets shorter: a file that spells none has to leave.
SPELLS = {
    "bench/client/guards.cpp": "a guard that held",
    "scripts/yard/gate/accepted.toml": "the example in its head",
    "scripts/yard/gate/slot.py": GATE_SAYS_OK,
    "scripts/yard/gate/wording.py": GATE_SAYS_OK,
    "scripts/yard/site/assets/compare.js": "a browser has no tables: the metric that all cells have",
    "scripts/yard/site/assets/run.js": "a browser has no tables: only what is not ok is shown",
}
# Names in the documents that are not this project's.
OTHERS_NAMES = {
    "block_on",
    "current_thread",
    "multi_thread",
    "parallel_for",
    "pull_request",
    "pull_request_target",
    "random_device",
    "uv_library_shutdown",
    "work_stealing",
}

WORKLOADS = {file.stem for file in (ROOT / "bench/contract/workloads").glob("*.hpp")}
# Where scripts/yard names a workload, or says its name in another sense, and why.
NAMES_WORKLOADS = {
    "scripts/yard/cli/commands/fleet.py": "states of a node of Slurm",
    "scripts/yard/cli/commands/history.py": "the example of a help text",
    "scripts/yard/cli/scaffold/__init__.py": "the workload whose files a new model begins with",
    "scripts/yard/data/host.py": "columns of /proc/stat",
    "scripts/yard/engine/load_curve.py": "a size of http",
    "scripts/yard/fleet/cluster.py": "states of a node of Slurm",
    "scripts/yard/gate/proof.py": "the cells that tests/inject slows down",
    "scripts/yard/learn/lesson/chapters.py": "a lane of a drawing",
    "scripts/yard/learn/lesson/claims.py": "the experiments of the lesson, which are about these workloads",
    "scripts/yard/learn/lesson/timeline.py": "a state of a lane",
    "scripts/yard/link/link_request.py": "an option of a link",
    "scripts/yard/link/namespaces.py": "an option of a link",
    "scripts/yard/report/assemble.py": "a size of `waits`",
    "scripts/yard/report/choose.py": "a group",
    "scripts/yard/report/winners.py": "a size of `waits`",
}


def spelt(file):
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        nodes = ast.walk(ast.parse(text))
        found = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    else:
        text = re.sub(r"//[^\n]*", "", text)
        found = set(re.findall(r"""["'`]([a-z0-9_]+)["'`]""", text))
    return sorted(found & NAMES)


def sources():
    python = (".py", ".js", ".j2", ".toml")
    for folder, endings in (("bench", (".cpp", ".hpp")), ("scripts/yard", python)):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in endings:
                yield file


def test_names_are_spelt_in_the_tables_alone():
    found = {str(f.relative_to(ROOT)): names for f in sources() if (names := spelt(f))}
    new = {file: names for file, names in found.items() if file not in SPELLS}
    assert not new, "say FIELD.x, METRIC.x, VERDICT.x, or field::x and metric::x in C++"
    assert not SPELLS.keys() - found.keys(), "these spell none any more: take them from the list"


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns, ":!results/raw"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if listed.returncode != 0:
        pytest.skip("no repository: what belongs to the project is not known")
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_documents_name_nothing_that_is_not_there():
    """A field, a metric, a size or a flag that was renamed is renamed in the documents, too."""
    known = set(OTHERS_NAMES)
    for file in tracked(
        "*.cpp", "*.hpp", "*.c", "*.py", "*.js", "*.j2", "*.json", "*.toml", "*.txt"
    ):
        if file != Path(__file__):
            known.update(file.stem.split("."))
            known.update(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    known.update(part for file in tracked() for part in re.split(r"[/.]", str(file)))
    named = {}
    for page in tracked("*.md", ":!impl/coroutine/siding"):
        code = " ".join(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
        for name in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", code):
            named.setdefault(name, str(page.relative_to(ROOT)))
    assert len(named) > 100
    assert not {name: page for name, page in named.items() if name not in known}


def workloads_in(file):
    """Also those that are a part of a cell's name."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return sorted({part for text in texts for part in re.split(r"[/@]", text)} & WORKLOADS)


def test_scripts_name_no_workload():
    files = sorted((ROOT / "scripts/yard").rglob("*.py"))
    found = {str(f.relative_to(ROOT)): names for f in files if (names := workloads_in(f))}
    new = {file: names for file, names in found.items() if file not in NAMES_WORKLOADS}
    assert len(WORKLOADS) > 20 and not new, "read it from meta.json: yard/data/workloads.py"
    assert not NAMES_WORKLOADS.keys() - found.keys(), "these name none any more: take them out"


def test_what_is_made_from_the_tables_is_not_stale():
    made = subprocess.run(
        [sys.executable, "-B", ROOT / "bench/facts/generate.py", "documents", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made.stdout


def test_a_name_that_no_table_has_is_an_error():
    assert facts.FIELD.run_ns == "run_ns" and facts.METRIC.p99_ns == "p99_ns"
    with pytest.raises(AttributeError, match="metrics.json has no 'p98_ns'"):
        facts.METRIC.p98_ns


@pytest.mark.parametrize("metric", facts.METRIC.values(), ids=lambda metric: metric.id)
def test_a_formula_reads_fields_that_there_are(metric):
    known = set(facts.FIELD) | set(facts.PART)
    assert formula.names(metric.formula) <= known and metric.read({}) is None


def test_formulas_know_what_is_missing():
    read = formula.compiled("(a + (b or 0)) / c.d[-1]")
    assert read({"a": 3, "b": None, "c": {"d": [1, 2]}}) == 1.5
    assert read({"a": None, "b": 1, "c": {"d": [1]}}) is None
    assert read({"a": 1, "c": {"d": [0]}}) is None and read({"a": 1, "c": None}) is None
    with pytest.raises(ValueError):
        formula.compiled("__import__('os')")


def test_the_gravest_verdict_is_the_first_of_the_table():
    assert facts.gravest(["ok", "rig_limited", "overloaded"]) == "overloaded"
    assert facts.gravest(["declined", "crashed", "wrong"]) == "wrong"
    assert facts.gravest([]) == "ok" and facts.gravest(["ok", "of a later version"]) != "ok"
    assert facts.metric_named("peak_rss") == "peak_anonymous_bytes"
