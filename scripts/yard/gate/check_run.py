# SPDX-License-Identifier: MIT
"""A check from its request to its folder: measures, applies what is accepted, and writes all outputs."""

from __future__ import annotations

import datetime
import sys
from typing import Any, Callable

from yard.data.models import REPOSITORY
from yard.errors import INCONCLUSIVE, NOT_COMPARABLE, NotComparable
from yard.gate import accepted, command_session, command_sides, outputs, result, session, sides
from yard.gate.check_progress import Progress
from yard.gate.found import Found
from yard.gate.request import COMMANDS, Request

LAUNCHER = "scripts/switchyard"


class Interrupted(Exception):
    """Before anything was measured."""


def run(request: Request, progress: Progress) -> dict[str, Any]:
    """The result; verdict.json is there already where there is none to write."""
    outputs.prepare(request.out)
    try:
        measure = _commands if request.kind in COMMANDS else _builds
        found, repeat = measure(request, progress)
    except KeyboardInterrupt:
        outputs.verdict(request.out, INCONCLUSIVE, "interrupted before anything was measured")
        raise Interrupted from None
    except NotComparable as error:
        outputs.verdict(request.out, NOT_COMPARABLE, str(error))
        raise
    finally:
        progress.close()
    return result.make(found, request.seed, [LAUNCHER, *sys.argv[1:]], repeat)


def _builds(request: Request, progress: Progress) -> tuple[Found, list[str]]:
    entries = accepted.read(request.accepted or REPOSITORY / accepted.FILE)
    builds = sides.of(request, progress.say)
    found = session.run(builds, request, progress)
    _accept(found, entries, builds.is_within)
    return found, builds.repeat


def _commands(request: Request, progress: Progress) -> tuple[Found, list[str]]:
    entries = list(request.project.entries) if request.project else []
    if request.accepted:
        entries = accepted.read(request.accepted)
    sides = command_sides.of(request, progress.say)
    found = command_session.run(sides.commands, request, progress)
    _accept(found, entries, sides.is_within)
    return found, [LAUNCHER, "check", *sides.repeat]


def _accept(found: Found, entries: list[accepted.Entry], is_within: Callable[[str], bool]) -> None:
    found.notes += accepted.apply(found.outcome, entries, is_within, datetime.date.today())
