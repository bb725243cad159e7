# SPDX-License-Identifier: MIT
"""The page of a campaign, and a report of each machine beside it whose sections lead to the other machines."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import Any, Mapping, Sequence

import jinja2

from yard.data import samples
from yard.data.store import make_folder, write_atomically
from yard.errors import UsageError
from yard.fleet import job, machine_matrix
from yard.fleet.conduct import Progress
from yard.fleet.machine_matrix import Entry, Matrix
from yard.fleet.orders import Campaign
from yard.report import assemble, explorer, html_page as pages
from yard.data.facts import METRIC
from yard.text import numbers, units

FOLDER = Path(__file__).resolve().parent


def runs_of(campaign: Campaign) -> dict[str, samples.Run]:
    """By machine; a machine without samples yet is left out."""
    found = {}
    for place in sorted(campaign.folder.iterdir()):
        folder = job.result_folder(place) if place.is_dir() else None
        if folder is not None and (folder / "samples.jsonl").exists():
            found[place.name] = samples.read_run(folder)
    return found


def write(campaign: Campaign, progress: Sequence[Progress], pretended: bool) -> list[Path]:
    """index.html, fleet.json, fleet.csv and a page for each machine; the first path is the campaign's page."""
    runs = runs_of(campaign)
    if not runs:
        raise UsageError(
            f"no machine of {campaign.name} has measured anything yet; "
            "see: scripts/switchyard fleet status"
        )
    folder = make_folder(campaign.folder / "report")
    found = machine_matrix.build(runs)
    state = {one.machine: f"{one.state} {one.detail}".strip() for one in progress}
    reports = {name: f"{name}.html" for name in runs}
    machines = [
        _machine(name, runs.get(name), reports.get(name, ""), state.get(name, ""))
        for name in sorted({*runs, *state})
    ]
    paths = [folder / "index.html", folder / "fleet.json", folder / "fleet.csv"]
    write_atomically(paths[0], _page(campaign, found, machines, pretended))
    write_atomically(paths[1], json.dumps(as_json(campaign, found, machines), indent=1) + "\n")
    write_atomically(paths[2], as_csv(found))
    chart = explorer.library()
    for name, run in runs.items():
        text = pages.render(assemble.build(run), chart)
        paths.append(folder / reports[name])
        write_atomically(paths[-1], _with_switch(text, name, reports))
    return paths


def _machine(name: str, run: samples.Run | None, report: str, state: str) -> dict[str, Any]:
    if run is None:
        return {"name": name, "about": "–", "run": "–", "rounds": "–", "verdicts": "–"} | {
            "report": "",
            "state": state or "nothing collected",
        }
    ended = run.meta.get("ended")
    verdicts: Mapping[str, int] = ended["verdicts"] if ended else {}
    return {
        "name": name,
        "about": assemble.build(run).environment.machine,
        "run": run.meta["run"],
        "rounds": run.meta.get("rounds", run.plan["rounds"]),
        "verdicts": ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()) or "–",
        "report": report,
        "state": state or ("complete" if ended else "cut off"),
    }


def _sizes(sizes: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in sizes)


def _cell(entry: Entry, metric: str) -> str:
    if entry.ratio is not None:
        ratio = entry.ratio
        text = numbers.fixed(ratio.value, 2)
        if ratio.low is not None and ratio.high is not None:
            text += f" {numbers.limits(ratio.low, ratio.high)}"
        return text
    if entry.value is not None:
        return units.text(entry.value, METRIC[metric].unit)
    return entry.verdict


def _page(
    campaign: Campaign, found: Matrix, machines: list[dict[str, Any]], pretended: bool
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html.j2").render(
        campaign=campaign,
        matrix=found,
        machines=machines,
        pretended=pretended,
        style=(Path(pages.__file__).parent / "style.css").read_text(encoding="utf-8"),
        sizes=_sizes,
        label=lambda metric: METRIC[metric].label,
        cell=_cell,
    )


SWITCH = """<style>
nav.machines {{ position: sticky; top: 0; z-index: 5; background: var(--paper); margin: 0; padding: 8px 24px; }}
nav.machines [aria-current] {{ font-weight: 700; text-decoration: none; }}
section {{ scroll-margin-top: 48px; }}
@media print {{ nav.machines {{ display: none; }} }}
</style>
<nav class="machines" aria-label="Machines"><a href="index.html">all machines</a>
{links}</nav>
<script>
// A link to another machine leads to the section that is being read: the last whose top has been passed. A view that the
// explorer keeps in the link stays as it is.
function switched(link) {{
  const passed = [...document.querySelectorAll("section[id]")].filter((s) => s.getBoundingClientRect().top < innerHeight / 3);
  const section = passed.length ? passed[passed.length - 1].id : "", now = location.hash.slice(1);
  const keeps = now.split("?")[0] === section;
  link.href = link.dataset.page + (section ? `#${{keeps ? now : section}}` : "");
}}
for (const kind of ["pointerdown", "focusin", "click"])
  addEventListener(kind, (event) => {{
    const link = event.target.closest && event.target.closest("nav.machines a[data-page]");
    if (link) switched(link);
  }});
</script>
"""


def _with_switch(page: str, name: str, reports: Mapping[str, str]) -> str:
    links = "\n".join(
        f'<a href="{html.escape(file)}" data-page="{html.escape(file)}"'
        + (' aria-current="page"' if other == name else "")
        + f">{html.escape(other)}</a>"
        for other, file in reports.items()
    )
    return page.replace("<body>", "<body>\n" + SWITCH.format(links=links), 1)


def as_json(campaign: Campaign, found: Matrix, machines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": 1,
        "campaign": campaign.name,
        "commit": campaign.commit,
        "machines": machines,
        "leaders": [
            {
                "workload": leader.workload,
                "sizes": dict(leader.sizes),
                "metric": leader.metric,
                "groups": {machine: list(group) for machine, group in leader.groups},
                "claim": leader.claim,
            }
            for leader in found.leaders
        ],
        "rows": [
            {
                "workload": row.workload,
                "sizes": dict(row.sizes),
                "metric": row.metric,
                "contender": row.contender,
                "claim": row.claim,
                "machines": {entry.machine: _entry_json(entry) for entry in row.entries},
            }
            for row in found.rows
        ],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    ratio = entry.ratio
    return {
        "verdict": entry.verdict,
        "reason": entry.reason,
        "value": entry.value,
        "times_floor": ratio.value if ratio else None,
        "low": ratio.low if ratio else None,
        "high": ratio.high if ratio else None,
    }


def as_csv(found: Matrix) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["workload", "sizes", "metric", "contender", "machine", "verdict", "value"]
    writer.writerow([*head, "times_floor", "low", "high"])
    for row in found.rows:
        sizes = " ".join(f"{name}={value}" for name, value in row.sizes)
        for entry in row.entries:
            described = _entry_json(entry)
            first = [row.workload, sizes, row.metric, row.contender, entry.machine, entry.verdict]
            numbers = [described[key] for key in ("value", "times_floor", "low", "high")]
            writer.writerow([*first, *("" if number is None else number for number in numbers)])
    return out.getvalue()
