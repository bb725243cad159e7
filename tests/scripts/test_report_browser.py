# SPDX-License-Identifier: MIT
"""The report as a reader has it: in a browser, at two widths and in two themes, with mouse and keyboard."""

import copy
from pathlib import Path

import pytest

import browser as browsers
import fake_runs
from test_report import HOSTILE, hostile
from yard.report import assemble, explorer, html_page

SIZES = [(1440, 900, "light"), (390, 844, "light"), (1440, 900, "dark"), (390, 844, "dark")]
ACCESSIBILITY = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8")
CHART = "const c = Chart.getChart('explore-canvas'); "
# Pixels of the chart that differ from its corner: what is drawn.
DRAWN = """
const drawn = (canvas) => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 40) count += 1;
  return count;
};
"""


@pytest.fixture(scope="module")
def browser():
    if explorer.library() is None:
        pytest.skip(f"{explorer.PACKAGE} is not installed")
    with browsers.started() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "index.html"
    run = fake_runs.realistic(rounds=6)
    curves = fake_runs.Maker(3, rounds=6)
    for grain in (1, 10, 100):
        for name in ("serial", "fiber"):
            curves.add(
                name,
                "fib",
                {"n": 30, "grain": grain},
                units=10**6 // grain,
                unit="task",
                run_ns=1e8 * (1 + 1 / grain),
            )
    for workers in (1, 2, 4):
        curves.add(
            "thread",
            "nqueens",
            {"n": 8},
            units=100,
            run_ns=1e8 / min(workers, 2),
            workers=workers,
            cpus=[0, 1],
        )
    run.samples = [*run.samples, *curves.samples]
    report = assemble.build(run)
    path.write_text(html_page.render(report, explorer.library(), [report]), encoding="utf-8")
    assert all(
        f'id="{name}"' in path.read_text(encoding="utf-8")
        for name in ("winners", "scaling", "granularity", "memory", "runs")
    )
    return path


def charts(browser, picture):
    """(label, its part of the picture of the whole page) of each chart that is shown."""
    boxes = browser.run(
        """
        return [...document.querySelectorAll('svg.chart, #explore-canvas')].map(chart => [chart, chart.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0).map(([chart, box]) => [chart.getAttribute('aria-label') || chart.id,
            Math.round(box.left), Math.round(box.top + scrollY), Math.round(box.right), Math.round(box.bottom + scrollY)])"""
    )
    assert len(boxes) > 5
    return [
        (label, picture[top:bottom, max(left, 0) : right])
        for label, left, top, right, bottom in boxes
    ]


def coloured(picture):
    """Pixels that are not grey, as axes and grids are."""
    return ((picture.max(axis=2) - picture.min(axis=2)) > 0.25).sum()


@pytest.mark.parametrize("width, height, theme", SIZES)
def test_it_is_drawn_readable_and_fits(browser, page, width, height, theme):
    browser.open(page, "#explore?w=echo&m=cpu_per_unit_ns&x=connections", width, height, theme)
    assert browser.run(DRAWN + "return drawn(document.getElementById('explore-canvas'))") > 3_000
    assert (
        browser.run("return document.documentElement.scrollWidth") <= width
    ), "the page scrolls sideways"
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.run(ACCESSIBILITY) == []
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = false; })")
    # Labels have their series' colour: without them, colour is what was measured.
    browser.run(
        "document.head.insertAdjacentHTML('beforeend', '<style>svg.chart text { visibility: hidden }</style>')"
    )
    picture = browser.whole()
    assert browsers.blank_bands(picture, at_least=120) == []
    assert [name for name, part in charts(browser, picture) if coloured(part) < 40] == []
    assert (picture.mean() > 0.5) == (theme == "light")
    assert browser.messages() == []


def test_every_static_chart_has_lines_and_labels(browser, page):
    browser.open(page)
    empty = browser.run(
        """
        return [...document.querySelectorAll('svg.chart')].filter(s => ![...s.querySelectorAll('path.line')].some(p => p.getTotalLength() > 10)
          || s.querySelectorAll('text').length < 4).map(s => s.getAttribute('aria-label'))"""
    )
    assert empty == []
    assert browser.run("return document.querySelectorAll('svg.chart').length") > 5
    assert browser.run(
        """return [...document.querySelectorAll('svg.bar')].every(s => s.getBoundingClientRect().width > 40
        && s.children.length > 0)"""
    )


def test_every_view_of_the_explorer_is_drawn(browser, page):
    """Each workload, metric and x axis: something is drawn, with a unit on the axis."""
    browser.open(page)
    views, blank = browser.run(
        DRAWN
        + """
        const blank = []; let views = 0;
        const pick = (id, v) => { const s = document.getElementById(id); s.value = v; s.dispatchEvent(new Event('change')); };
        const values = (id) => [...document.getElementById(id).options].map(o => o.value);
        for (const w of values('explore-w')) { pick('explore-w', w);
          const metrics = values('explore-m');
          for (const m of metrics) { pick('explore-m', m);
            for (const x of values('explore-x').filter((x, i) => i === 0 || m === metrics[0])) { pick('explore-x', x); views += 1;
              const c = Chart.getChart('explore-canvas'), axis = c.options.indexAxis === 'y' ? c.scales.x : c.scales.y;
              const marks = c.data.datasets.reduce((n, set) => n + set.data.length, 0);
              if (!marks || drawn(c.canvas) < 1000 || !axis.options.title.text || axis.ticks.length < 2) blank.push([w, m, x, marks]); } } }
        return [views, blank]"""
    )
    assert blank == [] and views > 60
    assert browser.messages() == []


def test_mouse_and_keyboard_use_it(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.select import Select

    browser.open(page, "#explore?w=echo&m=cpu_per_unit_ns&x=connections")
    # Choose, filter, toggle.
    Select(browser.find("#explore-m")).select_by_value("p99_ns")
    assert "p99" in browser.find("#explore-title").text
    Select(browser.find("#explore-m")).select_by_value("cpu_per_unit_ns")
    before = browser.run(CHART + "return c.data.datasets.length")
    browser.find("#explore-filter").send_keys("fib")
    boxes = browser.driver.find_elements("css selector", "#explore-series input")
    assert [box.get_attribute("value") for box in boxes] == ["fiber"]
    boxes[0].click()
    assert browser.run(CHART + "return c.data.datasets.map(s => s.label)").count("fiber") == 0
    assert browser.run(CHART + "return c.data.datasets.length") == before - 1
    browser.find("#explore-filter").send_keys(Keys.BACKSPACE * 3)
    # Hover: the tooltip has the value of the estimate, to three digits, and its interval.
    canvas = browser.find("#explore-canvas")
    x, y, value, low, high = browser.run(
        CHART
        + """
        const i = c.data.datasets.findIndex(s => s.label === 'callback'), e = c.getDatasetMeta(i).data[1], r = c.data.datasets[i].raw[1];
        return [e.x - c.canvas.clientWidth / 2, e.y - c.canvas.clientHeight / 2, r.y, r.low, r.high]"""
    )
    ActionChains(browser.driver).move_to_element_with_offset(canvas, round(x), round(y)).perform()
    browser.settle()
    tip = browser.run(
        CHART + "return [c.tooltip.opacity, c.tooltip.body.map(b => b.lines).flat().join(' ')]"
    )
    assert tip[0] == 1 and "callback" in tip[1]
    assert (
        f"{value / 1e3:.2f} µs [{float(f'{low / 1e3:.3g}'):g}, {float(f'{high / 1e3:.3g}'):g}]"
        in tip[1]
    )
    # Drag over an area: the axes shrink to it; Whole brings them back.
    full = browser.run(CHART + "return [c.scales.x.min, c.scales.x.max]")
    ActionChains(browser.driver).move_to_element_with_offset(
        canvas, -200, -100
    ).click_and_hold().move_by_offset(220, 150).release().perform()
    browser.settle()
    part = browser.run(CHART + "return [c.scales.x.min, c.scales.x.max]")
    assert full[0] < part[0] < part[1] < full[1]
    assert "zoom=" in browser.run("return location.hash")
    browser.find("#explore-reset").click()
    assert browser.run(CHART + "return [c.scales.x.min, c.scales.x.max]") == full
    # The keyboard alone: points are read out, zoom works.
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert (
        "connections 64" in browser.find("#explore-live").text
        and "µs" in browser.find("#explore-live").text
    )
    canvas.send_keys("+")
    browser.settle()
    part = browser.run(CHART + "return [c.scales.x.min, c.scales.x.max]")
    assert full[0] < part[0] < part[1] < full[1]
    canvas.send_keys("0")
    assert browser.run(CHART + "return [c.scales.x.min, c.scales.x.max]") == full
    assert browser.messages() == []


def test_a_link_opens_the_same_view(browser, page):
    browser.open(page, "#explore?w=waits&m=p99_ns&x=models&at=1&off=fiber,thread")
    state = browser.run(
        CHART + "return [document.getElementById('explore-title').textContent, c.data.labels]"
    )
    assert (
        "waits" in state[0]
        and "p99" in state[0]
        and "fiber" not in state[1]
        and "callback" in state[1]
    )
    browser.run("document.getElementById('explore-logy').click()")
    browser.open(page, browser.run("return location.hash"))
    again = browser.run(
        CHART + "return [document.getElementById('explore-title').textContent, c.data.labels]"
    )
    assert again[0] == state[0] and sorted(again[1]) == sorted(state[1])
    assert browser.run(CHART + "return c.scales.x.type") == "logarithmic"


def test_printing_a_dark_page_is_dark_on_white(browser, page):
    browser.open(page, "#explore?w=echo&m=cpu_per_unit_ns&x=connections", theme="dark")
    dark = browser.run(CHART + "return c.data.datasets[0].borderColor")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.run(CHART + "return c.data.datasets[0].borderColor") != dark
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.run(CHART + "return c.data.datasets[0].borderColor") == dark


def test_hostile_text_stays_text(browser, tmp_path):
    """A name that would raise a dialog, were it markup: none is raised, and the chart shows the name."""
    bad = copy.deepcopy(fake_runs.realistic(rounds=5, operations=400))
    bad.meta["host"] = hostile(bad.meta["host"])
    for sample in bad.samples:
        sample["unit"] = HOSTILE
        sample["model"] = {"callback": HOSTILE, "fiber": "<img src=x onerror=alert(1)>"}.get(
            sample["model"], sample["model"]
        )
        if sample["workload"] == "echo":
            sample["workload"] = f"echo{HOSTILE}</script>"
            sample["params"] = {**sample["params"], HOSTILE: sample["params"]["connections"]}
    path = tmp_path / "index.html"
    path.write_text(html_page.render(assemble.build(bad), explorer.library()), encoding="utf-8")
    browser.open(path)
    assert browser.run("return document.querySelectorAll('script').length") == 3
    assert HOSTILE in browser.run(
        "return [...document.querySelectorAll('#explore-w option')].map(o => o.value).join()"
    )
    assert HOSTILE in browser.run("return document.getElementById('explore-series').textContent")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.messages() == []
