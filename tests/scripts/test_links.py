# SPDX-License-Identifier: MIT
"""Links without a link: what may be asked for, what is refused, and what a link is to plans, histories and rankings."""

import copy
import json
import sqlite3

import pytest

import fake_runs
import fakes
from yard import errors
from yard.engine import plan as planning
from yard.link import link_request, over_link
from yard.report import assemble, comparison, history_store, link_ranking

LINK = {
    "name": "netns,mtu=1500,interfaces=abc123",
    "kind": "netns",
    "round_trip": {"least_ns": 20_000, "median_ns": 21_000},
    "rate_bit_s": None,
    "request": {"kind": "netns", "text": "netns"},
}


def over(run, link=LINK):
    other = copy.copy(run)
    other.meta = {**run.meta, "link": link}
    return other


@pytest.mark.parametrize(
    "flag, text, complaint",
    [
        ("--link", "wifi", "no kind of link"),
        ("--link", "netns,speed=1", "is not one of rate"),
        ("--link", "netns,rate=", "is not one of rate"),
        ("--link", "netns,rate=1gbit,rate=2gbit", "given twice"),
        ("--link", "netns,rate=12", "100kbit at least"),
        ("--link", "netns,rate=1kbit", "100kbit at least"),
        ("--link", "netns,delay=1h", "one way"),
        ("--link", "netns,delay=9999ms", "one way"),
        ("--link", "netns,loss=100%", "at most 20%"),
        ("--link", "netns,loss=nan%", "at most 20%"),
        ("--client-host", "-oProxyCommand=x", "cannot be a host's name"),
        ("--client-host", "a b", "cannot be a host's name"),
        ("--client-host", "load1,address=load1", "no IPv4 address"),
        ("--client-host", "load1,build=build/release", "must be absolute"),
        ("--client-host", "load1,port=4", "is not one of address"),
    ],
)
def test_a_link_that_cannot_be_is_refused_in_one_line(tmp_path, flag, text, complaint):
    (tmp_path / "bin").mkdir()
    done = fakes.switchyard(tmp_path, "run", f"{flag}={text}", "--build", tmp_path)
    assert done.returncode == errors.USAGE, done.stderr
    assert complaint in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_two_links_at_once_are_refused(tmp_path):
    (tmp_path / "bin").mkdir()
    both = ("run", "--link", "netns", "--client-host", "load1", "--build", tmp_path)
    done = fakes.switchyard(tmp_path, *both)
    assert done.returncode == errors.USAGE and "leave one out" in done.stderr


def test_a_request_says_what_it_asks_for():
    asked = link_request.parse_link("netns,rate=2gbit,delay=3ms")
    assert asked.rate_bit_s == 2 * 10**9 and asked.settings == ",rate=2gbit,delay=3ms"
    assert link_request.of_plan(asked.as_json()) == asked
    host = link_request.parse_host("me@load1,address=10.0.0.2,build=/srv/yard/build/release")
    assert (host.host, host.address) == ("me@load1", "10.0.0.2")


def test_the_name_of_a_link_has_all_that_must_be_equal():
    end = {"name": "eth0", "mtu": 1500, "speed_mbit_s": 10_000, "offloads": {"tso": True}}
    hello = {"interface": end, "host": "load1"}
    seen = {"interface": end, "round_trip": {"least_ns": 1, "median_ns": 2}}
    asked = link_request.parse_host("load1")
    facts = over_link.facts_of(asked, seen, hello)
    assert facts["rate_bit_s"] == 10**10 and facts["name"].startswith("host:load1,mtu=1500,")
    for change in ({"mtu": 9000}, {"offloads": {"tso": False}}, {"name": "eth1"}):
        other = over_link.facts_of(asked, seen, {**hello, "interface": {**end, **change}})
        assert other["name"] != facts["name"]


def test_a_closed_loop_is_cut_to_what_fits_a_window():
    point = {"connections": 64, "messages": 200_000, "message_bytes": 64}
    assert planning.fitting(LINK, point) == {}
    slow = {**LINK, "round_trip": {"median_ns": 20_000_000}}
    assert planning.fitting(slow, point) == {"messages": 64 * 250}
    assert planning.fitting({**slow, "round_trip": {"median_ns": 10**12}}, point) == {
        "messages": 64
    }
    narrow = {**LINK, "rate_bit_s": 10**6}
    assert planning.fitting(narrow, {**point, "message_bytes": 6_250}) == {"messages": 100}
    assert planning.fitting(slow, {**point, "rate_per_s": 5_000}) == {}


def test_runs_over_different_links_are_not_compared():
    run = fake_runs.realistic(rounds=5, operations=100)
    assert comparison.apples_and_oranges(over(run), over(run)) == []
    reasons = comparison.apples_and_oranges(run, over(run))
    assert reasons == [f"link differs: loopback and {LINK['name']}"]
    detour = {**LINK, "round_trip": {"median_ns": 900_000}}
    (reason,) = comparison.apples_and_oranges(over(run), over(run, detour))
    assert reason.startswith("the link's round trip differs: 21")


def test_compare_ends_with_its_code_and_one_line(tmp_path):
    run = fake_runs.realistic(rounds=5, operations=100)
    folders = [fake_runs.write(r, tmp_path / name) for r, name in ((run, "a"), (over(run), "b"))]
    done = fakes.switchyard(tmp_path, "compare", *folders)
    assert done.returncode == errors.NOT_COMPARABLE
    assert "link differs" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_another_link_is_another_line_of_the_history(tmp_path):
    run = fake_runs.realistic(rounds=5, operations=100)
    file = tmp_path / "h.sqlite"
    for number, one in enumerate((run, over(run))):
        folder = fake_runs.write(one, tmp_path / str(number))
        meta = json.loads((folder / "meta.json").read_text())
        (folder / "meta.json").write_text(json.dumps({**meta, "run": f"{meta['run']}-{number}"}))
        done = fakes.switchyard(tmp_path, "history", "add", folder, "--db", file)
        assert done.returncode == 0, done.stderr
    book = history_store.History(file)
    found = book.series("coroutine/echo@1", "cpu_per_unit_ns")
    book.close()
    assert {s.link: len(s.points) for s in found} == {"loopback": 1, LINK["name"]: 1}
    done = fakes.switchyard(tmp_path, "history", "--db", file, "--link", "loopbak")
    assert done.returncode == errors.USAGE and "did you mean loopback" in done.stderr


def test_a_history_of_version_2_was_on_loopback(tmp_path):
    file = tmp_path / "h.sqlite"
    with sqlite3.connect(file) as db:
        db.executescript(
            "CREATE TABLE points (run TEXT NOT NULL, utc TEXT NOT NULL, revision TEXT NOT NULL,"
            " machine TEXT NOT NULL, host TEXT NOT NULL, cell TEXT NOT NULL, metric TEXT NOT NULL,"
            " value REAL, reference TEXT NOT NULL, ratio REAL, low REAL, high REAL,"
            " PRIMARY KEY (machine, run, cell, metric, reference)) WITHOUT ROWID;"
            "INSERT INTO points VALUES ('r', 'u', 'c', 'm', 'h', 'x@0', 'p99_ns', 1, '', 2, 1, 3);"
            "PRAGMA user_version = 2;"
        )
    for _ in range(2):
        book = history_store.History(file)
        (series,) = book.series()
        book.close()
        assert series.link == "loopback" and series.points[0].high == 3


def echo_run(costs, link=None, messages=50_000):
    """CPU per operation decides: the load generator limits all of them."""
    make = fake_runs.Maker(rounds=8, iterations=1)
    params = {"connections": 64, "messages": messages, "message_bytes": 64, "rate_per_s": 0}
    for name, cpu_ns in costs.items():
        cost = {"run_ns": messages * cpu_ns * 2, "cpu_ns": messages * cpu_ns}
        make.add(name, "echo", params, units=messages, unit="round trip", **cost)
    run = fake_runs.realistic(rounds=8, operations=50)
    run.samples = make.samples
    return over(run, link) if link else run


def test_the_ranking_over_a_link_beside_the_one_on_loopback():
    plain = echo_run({"fiber": 6_000, "callback": 8_000, "thread": 11_000})
    same = echo_run({"fiber": 9_000, "callback": 12_000, "thread": 16_000}, LINK, messages=900)
    turned = echo_run({"fiber": 9_000, "callback": 7_000, "thread": 16_000}, LINK)
    level = echo_run({"fiber": 9_000, "callback": 9_000, "thread": 9_000}, LINK)

    def answer(other):
        (order,) = link_ranking.orders([assemble.build(other), assemble.build(plain)])
        return order.words

    assert answer(same) == "yes: 3 pairs are separated on both, in the same order"
    assert answer(turned) == (
        f"no: on loopback fiber before callback; over {LINK['name']} the other way round"
    )
    assert answer(level).startswith("cannot be said")
    assert link_ranking.orders([assemble.build(plain), assemble.build(plain)]) == []


def test_the_report_answers_on_its_page_and_on_the_terminal(tmp_path):
    plain = fake_runs.write(echo_run({"fiber": 6_000, "thread": 11_000}), tmp_path / "plain")
    other = fake_runs.write(echo_run({"fiber": 9_000, "thread": 16_000}, LINK), tmp_path / "link")
    done = fakes.switchyard(tmp_path, "report", other, plain, "--no-plots")
    assert done.returncode == 0, done.stderr
    assert "the ranking on loopback? yes: 1 pair is separated on both" in done.stdout
    page = (other / "report" / "index.html").read_text()
    assert "Is the ranking over the link the ranking on loopback?" in page and LINK["name"] in page
