# SPDX-License-Identifier: MIT
"""The proof's bookkeeping: what counts as expected, going on after an interruption, and the other tools' rules."""

import json

import pytest

import fakes
from yard.gate import other_rules, proof, simulate


def finished(folder, code, red=(), pairs=()):
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(
        json.dumps({"exit_code": code, "regressions": list(red), "reason": "because"})
    )
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))


def plan(**counts):
    return {
        e.name: e
        for e in proof.experiments(
            {"aa": 0, "busy": 0, "tail": 0, "moved": 0, "hog": 0, **counts},
            "quick",
            "quick",
            "1m",
            (),
        )
    }


CPU, TIME = "serial/hash_blocks@0 cpu_per_unit_ns", "serial/hash_blocks@0 time_per_unit_ns"


@pytest.mark.parametrize(
    "name, code, red, good",
    [
        ("aa", 0, [], True),
        ("aa", 2, [], True),
        ("aa", 1, ["floor/echo/epoll@0 p50"], False),
        ("aa", 3, [], False),
        ("moved", 0, [], True),
        ("moved", 1, ["floor/echo/epoll@0 p50"], False),
        ("hog", 2, [], True),
        ("hog", 1, ["x"], False),
        ("busy", 1, [CPU], True),
        ("busy", 1, [CPU, TIME], True),
        ("busy", 0, [], False),
        ("busy", 2, [], False),
        ("busy", 1, [CPU, "floor/echo/epoll@0 p50"], False),
        ("busy", 1, ["floor/echo/epoll@0 p50"], False),
        ("tail", 1, ["floor/echo/epoll@0 p99"], True),
        ("tail", 1, ["floor/echo/epoll@0 p99", "floor/echo/epoll@0 p50"], False),
        ("tail", 1, ["floor/echo/epoll@0 cpu_per_unit_ns"], False),
        ("tail", 0, [], False),
    ],
)
def test_what_is_expected(tmp_path, name, code, red, good):
    finished(tmp_path / "x", code, red)
    assert proof.judge(plan()[name], tmp_path / "x")[:2] == (code, good)


def test_finished_jobs_are_not_run_again(tmp_path, monkeypatch):
    finished(tmp_path / "aa-00", 0)
    ran = []

    def check(build, head, experiment, number, folder):
        ran.append((experiment.name, number))
        finished(folder, 2)

    monkeypatch.setattr(proof, "_check", check)
    rows = proof.run(tmp_path / "build", [plan(aa=3)["aa"]], tmp_path, lambda text: None)
    assert (
        ran == [("aa", 1), ("aa", 2)] and rows[0].codes == {0: 1, 2: 2} and rows[0].as_expected == 3
    )
    assert "| 3 | 0 | 1 | 0 | 2 | 0 | 3/3 |" in proof.table(rows)


def test_a_missing_injected_build_names_the_command(tmp_path):
    (tmp_path / "build" / "bin").mkdir(parents=True)
    done = fakes.switchyard(
        tmp_path,
        "prove",
        "--aa",
        0,
        "--busy",
        1,
        "--tail",
        0,
        "--moved",
        0,
        "--hog",
        0,
        "--build",
        tmp_path / "build",
        "--out",
        tmp_path / "out",
    )
    assert done.returncode == 64 and "scripts/build release suite injected" in done.stderr


def test_a_proof_of_fakes_from_end_to_end(tmp_path):
    fakes.build(tmp_path / "build", "steady")
    done = fakes.switchyard(
        tmp_path,
        "prove",
        "--aa",
        1,
        "--busy",
        0,
        "--tail",
        0,
        "--moved",
        0,
        "--hog",
        0,
        "--preset",
        "smoke",
        "--build",
        tmp_path / "build",
        "--profile",
        "quick",
        "--time-budget",
        "60s",
        "--out",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "| the same binaries, two paths | never red | 1 |" in done.stdout
        and "hyperfine" in done.stdout
    )
    assert json.loads((tmp_path / "out" / "proof.json").read_text())["as_expected"] is True


def test_other_rules_on_known_numbers():
    base = [10.0, 10.1, 9.9, 10.05, 9.95, 10.02]
    slower = [value * 1.1 for value in base]
    for judge in other_rules.RULES.values():
        assert judge(base, slower) and not judge(base, base) and not judge(slower, base)
    assert not other_rules.mean_five_percent(base, [value * 1.04 for value in base])
    assert not any(judge([0.0] * 6, [0.0] * 6) for judge in other_rules.RULES.values())


def test_the_score_counts_alarms_and_misses():
    def pairs(ratio):
        return [
            {
                "base": {"metrics": {"cpu_per_unit_ns": 100.0 + i}},
                "head": {"metrics": {"cpu_per_unit_ns": (100 + i) * ratio}},
            }
            for i in range(12)
        ]

    score = other_rules.Score()

    def slowed(scenario, metric):
        return scenario == "s" and metric in ("", "cpu_per_unit_ns")

    score.job({"s": pairs(1.2), "t": pairs(1.0)}, ["s cpu_per_unit_ns"], slowed, 12)
    score.job({"s": pairs(1.0), "t": pairs(1.2)}, [], slowed, 12)
    assert score.cells == 2 and score.changed == 2 and score.jobs == 2
    assert score.missed[other_rules.OURS] == 1 and score.flagged[other_rules.OURS] == 0
    for name in other_rules.RULES:
        assert score.flagged[name] == 1 and score.alarmed[name] == 1 and score.missed[name] == 1


@pytest.mark.timeout(300)
def test_blocks_fool_the_others_and_pairs_do_not_fool_us():
    paired, blocked = other_rules.simulated(6, simulate.LOADED, 0.05, 77)
    assert paired.flagged[other_rules.OURS] == 0 and paired.missed[other_rules.OURS] == 0
    for name in other_rules.RULES:
        assert blocked.flagged[name] > 10 * max(1, paired.flagged[other_rules.OURS])
