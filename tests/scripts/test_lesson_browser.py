# SPDX-License-Identifier: MIT
"""The lesson's page as a reader has it: in a browser, at two widths and in two themes."""

import pytest

import browser as browsers
import fakes
from test_report_browser import ACCESSIBILITY, SIZES
from yard.learn.lesson import claims, lesson_page


@pytest.fixture(scope="module")
def browser():
    with browsers.started() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lesson")
    done = fakes.switchyard(folder, "lesson", "--no-claims", "--html", folder / "lesson.html")
    assert done.returncode == 0, done.stderr
    return folder / "lesson.html"


@pytest.mark.parametrize("width, height, theme", SIZES)
def test_it_is_readable_and_fits(browser, page, width, height, theme):
    browser.open(page, "", width, height, theme)
    assert (
        browser.run("return document.documentElement.scrollWidth") <= width
    ), "the page scrolls sideways"
    assert browser.run(ACCESSIBILITY) == []
    picture = browser.picture()[..., :3]
    assert picture[: height // 2].std() > 0.02
    assert (picture.mean() > 0.5) == (theme == "light")
    assert browser.messages() == []


def test_every_timeline_is_drawn(browser, page):
    browser.open(page)
    lengths = browser.run(
        "return [...document.querySelectorAll('svg')].map(s => s.querySelectorAll('rect, path').length)"
    )
    assert len(lengths) >= 5 and min(lengths) >= 1


def test_what_is_said_and_measured_is_a_table_that_fits(browser, tmp_path):
    said = [
        claims.Verdict(
            "Tasks give concurrency", claims.TRUE, "They took the time of the longest, " * 9, ()
        )
    ] * 5
    (tmp_path / "claims.html").write_text(lesson_page.page([], said, "a machine"), encoding="utf-8")
    for width, height, theme in SIZES:
        browser.open(tmp_path / "claims.html", "", width, height, theme)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run(ACCESSIBILITY) == []
    assert browser.run("return document.querySelectorAll('tbody tr').length") == 5
