# SPDX-License-Identifier: MIT
"""A large run is read once, in little memory, and its report is that of the same samples as plain dicts."""

import json
import resource
import subprocess

import fake_runs
import fakes
import numpy as np
import pytest
from yard.data import compact, samples
from yard.data.facts import METRIC
from yard.report import assemble, csv_table, markdown_page


def written(tmp_path, **options):
    return fake_runs.write(
        fake_runs.realistic(**{"rounds": 6, "operations": 400, **options}), tmp_path
    )


def test_a_compact_sample_is_the_mapping_that_it_was_made_of():
    run = fake_runs.realistic(rounds=3, operations=300)
    big = {**run.samples[0], "seed": 2**60, "huge": -(2**70), "list": [1, "x"], "none": None}
    nested = {
        **run.samples[1],
        "latency": {"p50_ns": 1.5, "count": 3, "deep": {"a": 1}},
        "empty": {},
    }
    compactor = compact.Compactor()
    for sample in [*run.samples, big, nested]:
        made = compactor.compact(json.loads(json.dumps(sample)))
        assert made == sample and dict(made) == sample and list(made) == list(sample)
        assert {key: type(value) for key, value in made.items()} == {
            key: type(value) for key, value in sample.items()
        }
        assert made.get("absent") is None and "absent" not in made and len(made) == len(sample)
        for place, metric in enumerate(METRIC.values()):
            assert made.metric(place) == metric.read(sample), metric.id


def test_the_report_is_the_same(tmp_path, monkeypatch):
    folder = written(tmp_path)
    plain = samples.read_run(folder)
    monkeypatch.setattr(samples, "LARGE_BYTES", 0)
    shares = []
    monkeypatch.setattr(samples, "SAID_EVERY", 100)
    small = samples.read_run(folder, shares.append)
    assert isinstance(small.samples[0], compact.CompactSample)
    assert not isinstance(plain.samples[0], compact.CompactSample)
    assert len(shares) > 3 and shares == sorted(shares) and shares[-1] <= 1
    first, second = assemble.build(plain), assemble.build(small)
    assert markdown_page.render(first) == markdown_page.render(second)
    assert csv_table.render(first) == csv_table.render(second)
    a = [point.percentiles for point in first.points]
    assert a == [point.percentiles for point in second.points]


def test_of_many_histograms_some_are_kept_evenly():
    compactor, kept = compact.Compactor(), []
    for number in range(1000):
        sample = {
            "model": "m",
            "variant": "",
            "workload": "w",
            "params": {},
            "latency": {"hdr": str(number)},
        }
        hdr = compactor.compact(sample)["latency"]["hdr"]
        kept += [] if hdr is None else [int(hdr)]
    assert kept[:32] == list(range(32)) and kept[32:35] == [32, 34, 36]
    late = [b - a for a, b in zip(kept, kept[1:]) if a >= 512]
    assert set(late) == {32} and len(kept) < 32 * 4


def test_each_number_of_workers_keeps_histograms_of_its_own():
    compactor, kept = compact.Compactor(), {1: 0, 2: 0}
    for number in range(400):
        sample = {
            "model": "m",
            "variant": "",
            "workload": "w",
            "params": {},
            "workers": number % 2 + 1,  # in turn, as they are measured
            "latency": {"hdr": "x"},
        }
        kept[sample["workers"]] += compactor.compact(sample)["latency"]["hdr"] is not None
    assert kept[1] == kept[2] >= 2 * compact.KEPT


def large_run(folder, rounds):
    """As long lines as a real run has, with pulses and histograms."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    payloads = [fake_runs.latency(draw.lognormal(11, 0.6, 3_000)) for _ in range(20)]
    names = [name for name in fake_runs.ECHO_CPU_NS if name != "serial"]
    names += ["asio", "tokio", "goroutine"]
    parts = ("arithmetic_ns", "system_calls_ns", "wake_ups_ns", "loopback_ns")
    started_ns = 10**15
    with open(folder / "samples.jsonl", "w") as file:
        for number in range(rounds):
            make = fake_runs.Maker(number, rounds=1)
            for workload in ("echo", "fetch", "http", "query", "mixed"):
                for point in range(10):
                    for place, name in enumerate(names):
                        make.add(
                            name,
                            workload,
                            {"connections": 2**point, "messages": 1_000},
                            point=point,
                            units=1_000,
                            unit="request",
                            run_ns=1e6 * (place + 3),
                            cpu_ns=1e6 * (place + 2),
                            latency=payloads[place],
                            client={"cpu_ns": 900_000, "share": 0.7, "late": 3},
                        )
            for sample in make.samples:
                started_ns += 10**8
                beats = (1e6 * draw.uniform(1, 1.1, (2, len(parts)))).astype(int).tolist()
                sample.update(
                    round=number,
                    started_ns=started_ns,
                    pulse_before=dict(zip(parts, beats[0])),
                    pulse_after=dict(zip(parts, beats[1])),
                )
                file.write(json.dumps(sample) + "\n")
    (folder / "meta.json").write_text(json.dumps(fake_runs.meta()))
    plan = {"schema": 1, "run": "r", "preset": "quick", "rounds": rounds, "seed": 1}
    (folder / "plan.json").write_text(json.dumps({**plan, "cells": [], "processes": []}))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_thousand_samples_take_a_minute_of_cpu_and_half_a_gigabyte(tmp_path):
    """500 cells, 100 rounds, four iterations: counted in the process that writes the report."""
    folder = large_run(tmp_path / "run", rounds=100)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [fakes.LAUNCHER, "report", folder, "--no-plots"],
        env=fakes.environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=800,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert "reading samples: " in done.stderr
    assert "estimating from 200000 samples" in done.stderr and "100 rounds" in done.stdout
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{cpu_s:.0f} s of CPU, {after.ru_maxrss // 1024} MB")
    assert after.ru_maxrss < 512 * 1024
    assert cpu_s < 180, "60 s on an idle machine; three times that is a defect"
