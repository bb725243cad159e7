# SPDX-License-Identifier: MIT
"""The cells of this model."""

import platform

PROCESSES = "a process of Python for each wait or connection is no use that anyone makes of them"
FED = "multiprocessing.Queue gives each producer a thread of its own that feeds a pipe"
LOOPS = ("asyncio", "uvloop")
ON_LOOPS = "fetch_data waits echo held delay gateway fetch spawn yield channel cancel idle".split()
SMALL_STACKS = "stack_bytes=65536"


def cell(workload, variant, **more):
    return {"workload": workload, "variant": variant, **more}


def unit(workload, variant, **more):
    """A thread or a process for each unit."""
    return cell(workload, variant, allowance="one_per_unit", **more)


def cells():
    for workload in ON_LOOPS:
        yield from (cell(workload, loop) for loop in LOOPS)
    for loop in LOOPS:
        yield cell("http", loop, ledger="TCP_NODELAY=on; parser=httptools")
    yield cell("fetch_data", "sequential")
    yield unit("fetch_data", "thread")
    yield unit("fetch_data", "process")
    for workload in ("waits", "echo", "fetch", "spawn", "channel", "cancel", "idle"):
        yield unit(workload, "thread", ledger=SMALL_STACKS)
    yield unit("http", "thread", ledger="TCP_NODELAY=on; parser=http.server")
    yield unit("spawn", "process")
    yield unit("cancel", "process", iterations=1)
    yield unit("idle", "process")
    for variant in ("asyncio", "thread"):
        yield cell("hash_blocks", variant, iterations=1)
    yield cell("hash_blocks", "process", iterations=1, runtime_threads=3)
    for workload in ("waits", "echo", "fetch", "http"):
        yield cell(workload, "process", declined=PROCESSES)
    yield cell("channel", "process", declined=FED)


def describe():
    return {
        "protocol": 1,
        "summary": "Python: asyncio, uvloop, threads and processes",
        "library": f"CPython {platform.python_version()}",
        "cells": sorted(cells(), key=lambda cell: cell["workload"]),
    }
