# SPDX-License-Identifier: MIT
"""Flags that several commands share, and the types of their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import click

from yard.data.presets import PRESETS


class Value(click.ParamType):
    """Shown in --help as it is typed: 5m is not 5M."""

    def get_metavar(self, *_: Any) -> str:
        return self.name


class Names(Value):
    name = "A,B"

    def convert(self, value: Any, param: Any, context: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(part.strip() for part in value.split(",") if part.strip())
        return names or self.fail("names nothing", param, context)


class Duration(Value):
    name = "5m"

    def convert(self, value: Any, param: Any, context: Any) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|m|h)", value)
        if not match or float(match[1]) <= 0:
            self.fail(f"'{value}' is no length of time; write 90s, 5m or 1h", param, context)
        return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


class Share(Value):
    name = "5%"

    def convert(self, value: Any, param: Any, context: Any) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", value, re.ASCII)
        if not match or not 0 < float(match[1]) < 100:
            self.fail(f"'{value}' is no share; write 5% or 2.5%", param, context)
        return float(match[1]) / 100


class Setting(Value):
    name = "FIELD=VALUE"

    def convert(self, value: Any, param: Any, context: Any) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        field, equals, number = value.partition("=")
        if not equals or not field or not re.fullmatch(r"[0-9]{1,18}", number):
            self.fail(f"'{value}' is not of the form field=whole number", param, context)
        return field, int(number)


class Sweep(Value):
    name = "FIELD=A,B,C"

    def convert(self, value: Any, param: Any, context: Any) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        field, _, given = value.partition("=")
        if match := re.fullmatch(r"([0-9]{1,18})\.\.([0-9]{1,18})", given):
            least, most = int(match[1]), int(match[2])
            numbers = (
                sorted({*(least << i for i in range(64) if least << i < most), most})
                if 0 < least <= most
                else []
            )
        else:
            numbers = (
                [int(part) for part in given.split(",")]
                if re.fullmatch(r"[0-9]{1,18}(,[0-9]{1,18})*", given)
                else []
            )
        if (
            not field
            or not numbers
            or (field == "workers" and not all(1 <= n <= 4096 for n in numbers))
        ):
            self.fail(
                f"'{value}' is no sweep: write field=1,2,4 or field=1..8, which doubles; the field may be workers",
                param,
                context,
            )
        return field, tuple(dict.fromkeys(numbers))


def add(*options: Callable[..., Any]) -> Callable[..., Any]:
    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


BUILD = click.option(
    "--build", type=click.Path(path_type=Path), help="Build folder; default build/release."
)
VERBOSE = click.option("--verbose", is_flag=True, help="Tell more; show the trace of an error.")
CELLS = (
    click.option("--models", type=Names(), default=(), help="Only these models."),
    click.option(
        "--workloads",
        type=Names(),
        default=(),
        help="Only these workloads, or `all`. Default: all, but with --preset quick those that answer a question "
        "of a report's first page (`switchyard list` marks them).",
    ),
    click.option("--variants", type=Names(), default=(), help="Only these variants."),
    click.option(
        "--cells",
        type=Names(),
        default=(),
        help="Only cells that match: globs on model/workload/variant.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, 4096),
        help="Threads or processes of a model; default: its CPUs.",
    ),
)
CHOICE = (
    *CELLS,
    click.option(
        "--foreign",
        is_flag=True,
        help="Also the models in other languages, otherwise measured only when named.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**48),
        default=1,
        show_default=True,
        help="Order and data.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=Duration(),
        help="Watchdog of one process; default by preset.",
    ),
)
PRESET = click.option(
    "--preset", default="quick", show_default=True, help=f"Sizes: {', '.join(PRESETS)}."
)
