# SPDX-License-Identifier: MIT
"""The report as one HTML file that needs no network: a thin renderer over series.Report."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

import jinja2
from markupsafe import Markup

from yard.data.facts import METRIC, VERDICT
from yard.report import (
    answers,
    choose,
    other_tools,
    explorer,
    palette,
    scaling as scales,
    series,
    link_ranking,
    side_by_side,
    svg,
    why,
    winners,
)
from yard.report.pulse import Pulse
from yard.text import units
from yard.text.words import HOW_TO_READ, STATES, better_words
from yard.text.leads import lead_words, ranking_words

FOLDER = Path(__file__).resolve().parent


def _heat(ratio: Optional[float]) -> str:
    if ratio is None:
        return ""
    limits = (1.03, 1.1, 1.25, 1.5, 2, 5)
    return f"{next((i for i, limit in enumerate(limits) if ratio <= limit), len(limits))}"


def _style(models: list[str]) -> str:
    used = range(len(palette.LIGHT))
    light = "".join(f"--c{i}:{palette.LIGHT[i]};" for i in used)
    dark = "".join(f"--c{i}:{palette.DARK[i]};" for i in used)
    classes = "".join(f".s{i}{{--c:var(--c{i})}}" for i in used)
    text = (FOLDER / "style.css").read_text(encoding="utf-8")
    text += f"\n@media print {{ :root {{ {light} }} }}\n"
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}{classes}\n{text}"


class Charts:
    """The charts of a report; the template calls them by name."""

    def __init__(self, report: series.Report):
        self.report = report
        self.colours = palette.colours(report.models)
        variants = palette.variants(report.contenders)
        self.look = svg.Look(self.colours, variants)
        self.scaled = svg.Look(self.colours, {**variants, scales.IDEAL: 2})

    def bars(self, point: series.Point, metric: str) -> Optional[svg.BarChart]:
        bars = point.bars(metric)
        return svg.bar_chart(bars, METRIC[metric].unit, self.colours) if bars else None

    def percentiles(self, point: series.Point) -> Optional[Markup]:
        title = f"Latency percentiles of {point.title}"
        return svg.percentile_chart(point.percentiles, title, self.look)

    def scaling(self, points: list[series.Point], metric: str) -> Optional[Markup]:
        found = self.report.scaling(points, metric)
        if found is None:
            return None
        label = METRIC[metric].title
        title = f"{label} of {points[0].key.workload} by {found[0]}"
        curve = svg.Curve(title, found[0], label, METRIC[metric].unit)
        return svg.scaling_chart(found[1], curve, self.look)

    def speed_up(self, found: scales.Scaling) -> Markup:
        lines = [scales.ideal(found), *(curve.line for curve in found.curves)]
        curve = svg.Curve(f"Speed-up of {found.title}", "workers", "speed-up", "times")
        return svg.scaling_chart(lines, curve, self.scaled)

    def efficiency(self, found: scales.Scaling) -> Markup:
        lines = [curve.efficiency for curve in found.curves]
        curve = svg.Curve(f"Efficiency of {found.title}", "workers", "efficiency", "share")
        return svg.scaling_chart(lines, curve, self.scaled)

    def granularity(self, found: scales.Granularity) -> Markup:
        x, x_unit = ("length of a task", "ns") if found.by_size else ("grain", "")
        title, y = f"Granularity of {found.title}", "share of its own best speed"
        return svg.scaling_chart(found.lines, svg.Curve(title, x, y, "share", x_unit), self.scaled)

    def memory(self, found: scales.Memory) -> Markup:
        title, y = f"Memory of {found.title}", "memory of the process tree"
        return svg.scaling_chart(found.lines, svg.Curve(title, found.size, y, "bytes"), self.scaled)

    def pulse(self, found: Pulse) -> Markup:
        lines = [
            series.Line(label, label, found.minutes, times) for label, times in found.times.items()
        ]
        look = svg.Look({line.model: i for i, line in enumerate(lines)}, {})
        return svg.time_chart(lines, "Pulse of the machine over the run", look)

    def load(self, found: winners.LoadCurve) -> Markup:
        title = f"Latency {found.quantile} by throughput of {found.title}"
        curve = svg.Curve(
            title, METRIC[METRIC.throughput].label, f"latency, {found.quantile}", "ns", "units/s"
        )
        return svg.scaling_chart(found.lines, curve, self.scaled)


def _charted(point: series.Point) -> list[str]:
    chosen = dict.fromkeys((point.headline.metric, *series.CHARTED))
    if point.headline.metric == METRIC.run_ns:
        chosen.pop(METRIC.throughput)
    return [m for m in chosen if any(m in c.estimates for c in point.cells)]


def _tabled(point: series.Point) -> list[str]:
    return [m for m in series.TABLED if any(m in c.estimates for c in point.cells)]


def render(
    report: series.Report, chart_js: Optional[str] = None, beside: Sequence[series.Report] = ()
) -> str:
    """`beside` are reports of other runs to lay beside this one. `chart_js` is the text of Chart.js; without it the page has the static charts alone, and says why."""
    charts = Charts(report)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    scores = answers.scores(report)
    explained = why.table(report)
    return environment.get_template("template.html.j2").render(
        report=report,
        answers=answers.answers(report),
        scores=scores,
        columns=answers.used_columns(report, scores),
        style=_style(report.models),
        colours=charts.colours,
        charts=charts,
        charted=_charted,
        tabled=_tabled,
        heat=_heat,
        METRIC=METRIC,
        VERDICT=VERDICT,
        better=better_words,
        verdicts=STATES,
        units=units,
        lead_words=lead_words,
        ranking_words=ranking_words,
        how_to_read=HOW_TO_READ,
        chart_js=chart_js,
        package=explorer.PACKAGE,
        choices=choose.choices(report),
        judged=other_tools.judge(report),
        explained=explained,
        first_reasons=why.first(explained, [p.title for p in choose.points(report).values()]),
        unrecorded=why.unrecorded(report),
        why_prices=why.EVENTS,
        winner_maps=winners.maps(report),
        curves=list(winners.load_curves(report)),
        sides=side_by_side.columns([report, *beside]),
        shared=side_by_side.shared([report, *beside]) if beside else [],
        orders=link_ranking.orders([report, *beside]),
        scalings=scales.scalings(report),
        granularities=scales.granularities(report),
        memories=scales.memories(report),
        explore=explorer.safe_json(explorer.data(report)) if chart_js and report.points else "",
        explore_js=(FOLDER / "explorer.js").read_text(encoding="utf-8"),
    )
