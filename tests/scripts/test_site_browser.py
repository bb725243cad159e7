# SPDX-License-Identifier: MIT
"""The site as a reader has it: opened as files, on a screen and on a phone, by day and by night;
links open the view that they name. And the pages of a fleet's machines, which lead from one to
the other at the section that is read."""

import json
from pathlib import Path

import pytest

import browser as browsers
import fake_runs
import fake_site
from yard.fleet import fleet_page
from yard.report import assemble, explorer, html_page

ACCESSIBILITY = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8")
SIZES = [(1440, 900, "light"), (390, 844, "dark")]
SHOWN = "return [...document.querySelectorAll('tr[data-m]')].filter(r => r.getClientRects().length).length"


@pytest.fixture(scope="module")
def browser():
    if explorer.library() is None:
        pytest.skip(f"{explorer.PACKAGE} is not installed")
    with browsers.started() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    summaries = [fake_site.summary(m, n, 40, 12) for m in ("arm1", "epyc1") for n in range(24)]
    hostile = fake_site.summary("<img src=x onerror=alert(1)>", 1, 10)
    hostile["slug"] = "hostile"
    for cell in hostile["cells"]:
        cell["variant"] = "</script><script>alert(2)</script>"
    fake_site.put(place, [*summaries, hostile])
    return place


def pages(folder):
    history = sorted((folder / "history").glob("*.html"))[0].relative_to(folder)
    run = sorted((folder / "run").glob("*arm1.html"))[0].relative_to(folder)
    return ["index.html", "compare.html", "changes.html", "machine/arm1.html", str(run)] + [
        "model/fiber.html",
        "workload/work0.html",
        str(history),
        "run/hostile.html",
    ]


@pytest.mark.parametrize("width, height, theme", SIZES)
def test_every_kind_of_page_fits_and_is_accessible(browser, folder, width, height, theme):
    for page in pages(folder):
        browser.open(folder / page, "", width, height, theme)
        assert browser.run("return document.documentElement.scrollWidth") <= width, page
        assert browser.run(ACCESSIBILITY) == [], page
        assert browser.run("return document.querySelectorAll('main img[src=x]').length") == 0
        assert browser.messages() == [], page
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)" if theme == "light" else "rgb(20, 23, 27)"
        )


def test_filters_stand_in_the_link_and_a_link_sets_them(browser, folder):
    browser.open(folder / "index.html")
    whole = browser.run(SHOWN)
    browser.find("[name=q]").send_keys("fiber")
    some = browser.run(SHOWN)
    assert 0 < some < whole and browser.run("return location.hash") == "#q=fiber"
    browser.open(folder / "index.html", "#w=work1&q=fiber")
    assert 0 < browser.run(SHOWN) < some
    assert browser.find("[name=w]").get_attribute("value") == "work1"
    assert f"of {whole} rows" in browser.find(".count").text


def loaded(browser, script):
    return browser.driver.execute_async_script(
        "const done = arguments[0]; const look = () => { const found = (() => {"
        + script
        + "})(); if (found) done(found); else setTimeout(look, 10); }; look();"
    )


def test_a_comparison_has_intervals_and_says_what_separates_the_runs(browser, folder):
    slugs = [fake_site.summary("arm1", n, 1)["slug"] for n in (2, 20)]
    browser.open(folder / "compare.html", f"#a={slugs[0]}&b={slugs[1]}&k=cpu_per_unit_ns")
    rows = loaded(browser, "return site.compared && site.compared()")
    slower = [row for row in rows if row["so"] == "costs more"]
    expected = {fake_site.MODELS[place % 10] for place in range(1, 40, 4)}
    assert {row["contender"] for row in slower} == expected
    for row in slower:
        assert 0 < row["low"] < row["change"] < row["high"] and abs(row["change"] - 0.08) < 0.05
    told = browser.find("#separates").text
    assert "c000002" in told and "c000020" in told and "kernel" not in told
    browser.find("[name=d]").click()
    assert browser.run(SHOWN) == len(slower)
    link = browser.run("return location.hash")
    browser.open(folder / "compare.html", link)
    loaded(browser, "return site.compared && site.compared()")
    assert browser.run(SHOWN) == len(slower)
    assert browser.messages() == []


def test_the_files_of_a_page_hold_what_it_shows(browser, folder):
    run = sorted((folder / "run").glob("*arm1.html"))[0]
    browser.open(run)
    lines = loaded(browser, "return site.lines && site.lines()")
    stored = json.loads(run.with_suffix(".json").read_text())
    assert len(lines) == 1 + sum(len(cell["metrics"]) for cell in stored["cells"])
    assert browser.run(SHOWN) == len(stored["cells"])
    text = browser.run("return site.csv([['a', '=1', 'x,\"y\"']])")
    assert text == 'a,\'=1,"x,""y"""\n'


def test_a_history_draws_a_line_for_each_machine(browser, folder):
    page = next(p for p in sorted((folder / "history").glob("*coroutine*.html")))
    browser.open(page, "#k=cpu_per_unit_ns&m=arm1")
    chart = "return Chart.getChart('chart').data.datasets.filter(s => !s.band).map(s => s.label)"
    assert browser.run(chart) == ["arm1"]
    browser.run(
        "const m = document.querySelector('[name=m]'); m.value = '';"
        "m.dispatchEvent(new Event('input', { bubbles: true }))"
    )
    assert browser.run(chart) == ["arm1", "epyc1"]
    assert "m=" not in browser.run("return location.hash")
    assert "48 points on 2 machines" in browser.find("#told").text
    assert browser.run(
        "return [...document.images].every(i => (i.loading = 'eager') && i.alt && i.width > 100)"
    )


def test_another_machine_opens_at_the_section_that_is_read(browser, tmp_path):
    text = html_page.render(assemble.build(fake_runs.realistic(rounds=5, operations=400)))
    names = {name: f"{name}.html" for name in ("arm1", "epyc1")}
    for name, file in names.items():
        page = fleet_page._with_switch(text, name, names)
        (tmp_path / file).write_text(page, encoding="utf-8")
    for section in ("answers", "caveats", "ledger"):
        browser.open(tmp_path / "arm1.html", height=400)
        browser.run(f"document.getElementById('{section}').scrollIntoView()")
        browser.settle()
        browser.find("nav.machines a[data-page='epyc1.html']").click()
        loaded(browser, "return location.pathname.endsWith('epyc1.html')")
        assert browser.run("return location.hash") == f"#{section}"
    assert browser.messages() == []
