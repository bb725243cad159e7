# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from yard.data import host, models
from yard.engine import campaign
from yard.text import run_progress
from yard.errors import OK, UsageError, nearest
from yard.learn.lesson import chapters, claims, lesson_page, lesson_screen
from yard.data.store import write_atomically
from yard.cli.commands import _options


@click.command(short_help="Coroutine, task, loop, thread, process: each shown by running it.")
@click.argument("words", nargs=-1)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path),
    help="Write the lesson as one HTML page, too.",
)
@click.option(
    "--claims/--no-claims",
    "measure",
    default=True,
    help="Measure what is said of concurrency; a minute or two.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=claims.ROUNDS,
    show_default=True,
    help="Of each claim.",
)
@click.option(
    "--json",
    "json_output",
    is_flag=True,
    help="What was seen and measured as JSON on standard output.",
)
@_options.add(_options.BUILD, _options.VERBOSE)
def command(**given: Any) -> int:
    """The words of concurrency for whoever has read one page about asyncio: each is a small program that runs now, drawn as
    a timeline of who ran and who waited. Then five things that are often said, measured on this machine and marked true,
    false or it depends. WORDS choose chapters (await task thread ...) and leave the claims out."""
    chosen = _chosen(given["words"])
    if given["page"] and not given["page"].absolute().parent.is_dir():
        raise UsageError(
            f"{given['page']}: there is no folder {given['page'].parent}; make it first"
        )
    screen = lesson_screen.Screen(sys.stderr if given["json_output"] else sys.stdout)
    shown = []
    for chapter in chosen:
        seen = chapters.run(chapter)
        shown.append((chapter, seen))
        if not given["json_output"]:
            screen.chapter(chapter, seen)
    verdicts = []
    if given["measure"] and not given["words"]:
        found = models.discover(campaign.build_folder(given["build"]))
        screen.heading("What is often said, measured here now")
        for claim in claims.CLAIMS:
            with run_progress.watcher(
                given["json_output"] or not sys.stdout.isatty(), given["verbose"]
            ) as watcher:
                verdict = claims.judge(found, claim, watcher, given["rounds"])
            verdicts.append(verdict)
            screen.verdict(verdict)
    if given["page"]:
        write_atomically(given["page"], lesson_page.page(shown, verdicts, _machine()))
        screen.line(f"\nlesson: {given['page']}")
    if given["json_output"]:
        texts = [
            {
                "id": c.id,
                "seen": c.seen(t),
                "events": [[s.who, s.state, s.begin_s, s.end_s] for s in t.spans()],
            }
            for c, t in shown
        ]
        click.echo(
            json.dumps({"schema": 1, "chapters": texts, "claims": [v.as_json() for v in verdicts]})
        )
    return OK


def _chosen(words: tuple[str, ...]) -> list[chapters.Chapter]:
    known = {chapter.id: chapter for chapter in chapters.CHAPTERS}
    for word in words:
        if word not in known:
            raise UsageError(f"no chapter '{word}': {nearest(word, known)}")
    return [known[word] for word in words] or list(chapters.CHAPTERS)


def _machine() -> str:
    machine = host.describe()
    return f"{machine.get('cpu_model') or 'this machine'} with {len(os.sched_getaffinity(0))} CPUs"
