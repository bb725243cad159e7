# SPDX-License-Identifier: MIT
"""Values, errors and what programs raise, as both executors print them. The twin of show.cpp."""

import asyncio

LEFT_OUT = "(left out)"


class Error(Exception):
    """What programs raise."""


class Cut(BaseException):
    """The trace is full."""


def show_error(error):
    if isinstance(error, asyncio.CancelledError):
        return "Cancelled(" + ",".join(str(a) for a in error.args if a is not None) + ")"
    if isinstance(error, BaseExceptionGroup):
        return "Group[" + ",".join(map(show_error, error.exceptions)) + "]"
    if isinstance(error, RecursionError):
        return LEFT_OUT
    if isinstance(error, Error):
        return f"Error({error.args[0]})"
    if "await wasn't used with future" in str(error):
        return LEFT_OUT  # a flaw of CPython: a task that awaited itself can be awaited by nobody any more
    return type(error).__name__


def short_name(task):
    """Without its number. 3.13 gives the name "None" to what a task factory made."""
    name = task.get_name()
    return "Task" if name == "None" else name.split("-")[0]


def show(value):
    if isinstance(value, BaseException):
        return "!" + show_error(value)
    if isinstance(value, list):
        return "[" + ",".join(map(show, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
