# SPDX-License-Identifier: MIT
"""The site: what a run adds and what it leaves alone, bad input, and sizes. The pages in a
browser: test_site_browser.py."""

import csv
import json
import xml.etree.ElementTree as xml

import pytest

import fake_runs
import fake_site
import fakes
from yard.data import samples
from yard.errors import UsageError, YardError
from yard.site import cell_key, feed, publish, run_summary
from yard.site.shelf import Shelf

ATOM = "{http://www.w3.org/2005/Atom}"


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_touches_only_what_it_concerns(tmp_path):
    fake_site.put(tmp_path, [fake_site.summary(m, 1, 20) for m in ("arm1", "epyc1")])
    before = content(tmp_path)
    assert fake_site.put(tmp_path, [fake_site.summary("arm1", 1, 20)]) == []
    one = fake_site.summary("arm1", 2, 10)  # a run of the first point alone
    written = set(fake_site.put(tmp_path, [one]))
    after = content(tmp_path)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == written
    foreign = {n for n in after if "/epyc1" in n or "-epyc1." in n or n.startswith("assets/")}
    assert foreign and not foreign & changed
    assert not any("work1" in name for name in changed), "cells of another point"
    for name in ("index.html", "machine/arm1.html", f"run/{one['slug']}.html", "compare.html"):
        assert name in changed, name


def test_pages_made_anew_are_the_same_pages(tmp_path):
    summaries = [fake_site.summary("arm1", n, 10, 8) for n in range(16)]
    for one in summaries[:14]:
        fake_site.put(tmp_path / "grown", [one])
    fake_site.put(tmp_path / "grown", summaries[14:])
    fake_site.put(tmp_path / "at-once", summaries)
    grown, at_once = content(tmp_path / "grown"), content(tmp_path / "at-once")
    assert sorted(grown) == sorted(at_once)
    assert [n for n in grown if grown[n] != at_once[n]] == []
    done = fakes.switchyard(tmp_path, "site", tmp_path / "grown", "--again")
    assert done.returncode == 0, done.stderr
    again = content(tmp_path / "grown")
    assert [n for n in grown if grown[n] != again.get(n)] == []


def test_a_change_point_is_in_page_feed_and_files_and_a_machine_breaks_the_line(tmp_path):
    summaries = [fake_site.summary("arm1", n, 10, 12) for n in range(24)]
    summaries += [fake_site.summary("epyc1", n, 10) for n in range(24, 36)]
    fake_site.put(tmp_path, summaries)
    changes = json.loads((tmp_path / "changes.json").read_text())["changes"]
    assert {c["machine"] for c in changes} == {"arm1"}
    assert {c["revision"] for c in changes} <= {f"c{n:06d}" for n in (11, 12, 13)}
    assert {c["contender"] for c in changes} == {"coroutine", "process", "serial"}
    tree = xml.parse(tmp_path / "changes.atom").getroot()
    entries = tree.findall(f"{ATOM}entry")
    assert len(entries) == len(changes)
    assert len({e.find(f"{ATOM}id").text for e in entries}) == len(entries)
    for entry in entries:
        assert (tmp_path / entry.find(f"{ATOM}link").get("href")).exists()
    with open(tmp_path / "changes.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(changes)
    pictures = list(tmp_path.rglob("*.svg"))
    assert any(p.name.endswith(".badge.svg") for p in pictures)
    for picture in pictures:
        xml.parse(picture)


def test_sizes_of_a_large_site(tmp_path):
    """5 machines, 500 cells: what somebody waits for on the first page."""
    machines = ["epyc-9004-a", "epyc-9004-b", "arm-altra-1", "xeon-old-1", "laptop-1"]
    fake_site.put(tmp_path, [fake_site.summary(m, 1, 500) for m in machines])
    page = (tmp_path / "index.html").read_text()
    assert page.count("<tr data-m=") == 500
    loaded = ["index.html", *(f"assets/{n}" for n in ("site.css", "data.js", "metrics.js"))]
    loaded.append("assets/filter.js")
    assert all(name.rpartition("/")[2] in page or name == "index.html" for name in loaded)
    assert sum((tmp_path / name).stat().st_size for name in loaded) <= 300_000
    assert (tmp_path / "compare.html").stat().st_size < 100_000


def test_a_site_with_more_than_fits_on_the_first_page_says_so(tmp_path):
    fake_site.put(tmp_path, [fake_site.summary(f"m{n}", 1, 400) for n in range(8)])
    page = (tmp_path / "index.html").read_text()
    assert "more are on the pages of the workloads" in page and len(page) < 300_000
    assert (tmp_path / "workload" / "work0.html").read_text().count("<tr data-m=") == 30


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    found = []
    for machine, number in (("arm1", 1), ("arm1", 2), ("epyc1", 2)):
        run = fake_runs.realistic(seed=number, rounds=6, operations=50)
        name = f"2030010{number}T000000Z-abc000{number}"
        run.meta |= {"run": name, "machine": machine, "commit": f"abc000{number}"}
        run.meta |= {"started_utc": f"2030-01-0{number}T00:00:00Z", "ended": {"verdicts": {}}}
        found.append(fake_runs.write(run, folder / machine / name))
    return found


def test_the_command_makes_a_site_and_keeps_raw_samples_as_long_as_is_said(tmp_path, runs):
    out = tmp_path / "site"
    done = fakes.switchyard(tmp_path, "site", out, *runs, "--raw")
    assert done.returncode == 0, done.stderr
    packed = sorted(p.name for p in (out / "raw").iterdir())
    assert len(packed) == 3
    assert samples.read_run(out / "raw" / packed[0]).meta["machine"] == "arm1"
    page = (out / "run" / packed[0].replace(".zip", ".html")).read_text()
    assert f"../raw/{packed[0]}" in page
    done = fakes.switchyard(tmp_path, "site", out, "--keep-raw", 1)
    assert done.returncode == 0 and done.stdout.count("raw samples removed, summary kept") == 1
    assert len(list((out / "raw").iterdir())) == 2
    page = (out / "run" / packed[0].replace(".zip", ".html")).read_text()
    assert "raw/" not in page and "not kept here" in page
    assert len(list((out / "data" / "summaries").iterdir())) == 3


def test_a_ratio_is_that_of_the_fleet_page(runs):
    summary = run_summary.of_run(samples.read_run(runs[0]))
    cell = next(c for c in summary["cells"] if (c["model"], c["workload"]) == ("fiber", "fetch"))
    value, low, high, ratio, ratio_low, ratio_high = cell["metrics"]["cpu_per_unit_ns"]
    assert low <= value <= high and ratio_low <= ratio <= ratio_high
    assert ratio == pytest.approx(8400 / 6000, rel=0.1)
    assert any(c["verdict"] == "crashed" and not c["metrics"] for c in summary["cells"])


def test_bad_input_is_one_line_and_loses_nothing(tmp_path, runs):
    out = tmp_path / "site"
    fake_site.put(out, [fake_site.summary("arm1", 1, 10)])
    before = content(out)

    def refused(code, text, *words):
        done = fakes.switchyard(tmp_path, "site", *words)
        assert done.returncode == code and text in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1 and content(out) == before

    nameless = tmp_path / "nameless"
    run = fake_runs.realistic(rounds=2, operations=50)
    del run.meta["run"]
    fake_runs.write(run, nameless)
    refused(64, "'run' is a required property", out, runs[0], nameless)
    refused(64, "does not exist", out, tmp_path / "none")
    refused(64, "name the runs to add", out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    refused(64, "is no site and not empty", tmp_path / "mine", runs[0])
    (out / "site.json").write_text('{"switchyard_site": 99}')
    before = content(out)
    refused(4, "written by a later version", out, runs[0])
    (out / "site.json").write_text("no")
    before = content(out)
    refused(4, "is damaged", out, runs[0])


def test_a_damaged_file_names_the_way_back(tmp_path):
    fake_site.put(tmp_path, [fake_site.summary("arm1", 1, 10)])
    (tmp_path / "data" / "index.json").write_text("{")
    with pytest.raises(YardError, match="--again"):
        fake_site.put(tmp_path, [fake_site.summary("arm1", 2, 10)])
    with Shelf(tmp_path).opened():
        with pytest.raises(YardError, match="another process"):
            fake_site.put(tmp_path, [])


def test_names_are_files_below_the_site_and_differ(tmp_path):
    hostile = ["../../etc", "a/b", "a-b", "<b>&", "", ".", "\0", "é" * 200]
    slugs = [cell_key.slug(name) for name in hostile]
    assert len(set(slugs)) == len(slugs)
    assert not any("/" in s or s.startswith(".") or "\0" in s or len(s) > 100 for s in slugs)
    one = fake_site.summary("arm1", 1, 10)
    one |= {"machine": "../<b>", "slug": cell_key.slug("../<b>")}
    for cell in one["cells"]:
        cell["model"] += "<script>\x01"
    fake_site.put(tmp_path / "site", [one])
    assert {p.name for p in tmp_path.iterdir()} == {"site"}
    for page in (tmp_path / "site").rglob("*.html"):
        assert "<script>\x01" not in page.read_text()
    for picture in (tmp_path / "site").rglob("*.svg"):
        xml.parse(picture)


@pytest.mark.parametrize(
    "utc, text",
    [
        ("20300102T030405Z", "2030-01-02T03:04:05Z"),
        ("20300102T030405Z-abc", "2030-01-02T03:04:05Z"),
        ("2030-01-02T03:04:05+00:00", "2030-01-02T03:04:05Z"),
        ("2030-01-02T04:04:05+01:00", "2030-01-02T03:04:05Z"),
        ("soon", feed.NEVER),
    ],
)
def test_moments_are_written_in_one_way(utc, text):
    assert feed.stamp(utc) == text


def test_checks_have_pages(tmp_path):
    value = {
        "schema": 1,
        "kind": "check",
        "slug": "check-1",
        "machine": "arm1",
        "utc": "2030-01-01T00:00:00+00:00",
        "base": "v1",
        "head": "<b>",
        "exit_code": 1,
        "reason": "slower",
        "compared": 1,
        "command": "check",
        "profile": "quick",
        "minutes": 3.0,
        "not_compared": {"go/echo@0": "not built"},
        "broken": [],
        "cells": [
            {
                "scenario": "fiber/echo@0",
                "metric": "cpu_per_unit_ns",
                "tier": "gating",
                "verdict": "REGRESSION",
                "slowdown": 0.08,
                "low": 0.05,
                "high": 0.11,
                "detectable": 0.03,
                "note": "",
            }
        ],
    }
    fake_site.put(tmp_path, [value])
    page = (tmp_path / "check" / "check-1.html").read_text()
    assert "+8.0 %" in page and "go/echo@0: not built" in page and "&lt;b&gt;" in page
    assert "check-1.html" in (tmp_path / "machine" / "arm1.html").read_text()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError):
        publish.summary_of(tmp_path)
