# SPDX-License-Identifier: MIT
"""The pages as text. Each is one template; all names in them are data, which Jinja escapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import jinja2

from yard.data.facts import METRIC
from yard.report import explorer, html_page
from yard.site import cell_key, overview
from yard.site.feed import words
from yard.site.overview import Point
from yard.text import numbers
from yard.text.words import better_words

FOLDER = Path(__file__).resolve().parent
ASSETS = ("data.js", "filter.js", "run.js", "compare.js", "history.js")
CHART = "assets/chart.js"
# Rows times machines on the first page, which so stays light; the rest is one step away.
MOST_ENTRIES = 3_000


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.globals.update(METRIC=METRIC, better=better_words, slug=cell_key.slug, words=words)
    made.globals.update(numbers=numbers)
    return made


class Pages:
    def __init__(self) -> None:
        self._environment = _environment()
        self.has_charts = explorer.library() is not None

    def _render(self, template: str, root: str, **given: Any) -> str:
        page = self._environment.get_template(f"{template}.html.j2")
        return page.render(root=root, package=explorer.PACKAGE, charts=self.has_charts, **given)

    def fleet(self, points: Sequence[Point], machines: Sequence[Mapping[str, Any]]) -> str:
        shown, left_out = _light(points, len(machines))
        models = sorted({row.key.model for point in points for row in point.rows})
        given = {"points": shown, "left_out": left_out, "models": models}
        return self._render("fleet", "", machines=machines, view="fleet", **given)

    def part(self, kind: str, name: str, points: Sequence[Point], machines: Sequence[Any]) -> str:
        """Of one model or one workload."""
        view = f"{kind}/{cell_key.slug(name)}"
        given = {"kind": kind, "name": name, "points": points, "machines": machines}
        return self._render("part", "../", view=view, **given)

    def machine(self, machine: Mapping[str, Any], **given: Any) -> str:
        return self._render("machine", "../", machine=machine, view=machine["view"], **given)

    def run(self, run: Mapping[str, Any], raw: str) -> str:
        return self._render("run", "../", run=run, raw=raw, view=f"run/{run['slug']}")

    def check(self, check: Mapping[str, Any]) -> str:
        return self._render("check", "../", check=check, view=f"check/{check['slug']}")

    def history(self, key: cell_key.CellKey, **given: Any) -> str:
        return self._render("history", "../", key=key, view=f"history/{key.slug}", **given)

    def compare(self, runs: Sequence[Mapping[str, Any]]) -> str:
        return self._render("compare", "", runs=runs, view="compare")

    def changes(self, changes: Sequence[Mapping[str, Any]]) -> str:
        return self._render("changes", "", changes=changes, view="changes")

    def assets(self) -> dict[str, str]:
        """By name; the library of charts is left out where its package is not installed."""
        own = FOLDER / "assets"
        found = {f"assets/{name}": (own / name).read_text(encoding="utf-8") for name in ASSETS}
        style = (html_page.FOLDER / "style.css").read_text(encoding="utf-8")
        found["assets/site.css"] = style + (own / "site.css").read_text(encoding="utf-8")
        if library := explorer.library():
            found[CHART] = library
        return found


def _light(points: Sequence[Point], machines: int) -> tuple[list[Point], int]:
    """The points for the first page: all, or the last of each workload; and how many are left
    out."""
    if sum(len(point.rows) for point in points) * machines <= MOST_ENTRIES:
        return list(points), 0
    last = {point.workload: point for point in points}
    return list(last.values()), len(points) - len(last)


def chosen(points: Sequence[Point], kind: str, name: str) -> list[Point]:
    """Those of a workload, or with the rows of a model and of the floor alone."""
    if kind == "workload":
        return [point for point in points if point.workload == name]
    found = []
    for point in points:
        rows = tuple(row for row in point.rows if row.key.model in (name, "floor"))
        if any(row.key.model == name for row in rows):
            found.append(overview.Point(point.workload, point.at, point.metric, rows))
    return found
