# SPDX-License-Identifier: MIT
"""The words, one after another. Each is a small asyncio program that is run when the chapter is shown; the sentence under
it is made from what was seen, not from what should have been."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import threading
import time
from dataclasses import dataclass
from typing import Callable

from yard.learn.lesson.timeline import RUNS, Timeline
from yard.text import numbers


@dataclass(frozen=True)
class Chapter:
    id: str
    title: str
    text: str
    show: Callable[[Timeline], None]
    seen: Callable[[Timeline], str]

    def source(self) -> str:
        return inspect.getsource(self.show)


def _ms(seconds: float) -> str:
    return f"{numbers.fixed(seconds * 1000)} ms"


# -- one after another ---------------------------------------------------------------------------------------------


def synchronous_function(t: Timeline) -> None:
    def fetch(name: str, seconds: float) -> str:
        t.waits(name, f"{name} fetches for {_ms(seconds)}")
        time.sleep(seconds)
        t.ended(name, f"{name} has its data")
        return name

    t.runs("main", "main calls first")
    t.waits("main")
    fetch("first", 0.06)
    t.runs("main", "main calls second")
    t.waits("main")
    fetch("second", 0.03)
    t.ended("main", "main has both")


def coroutine_object(t: Timeline) -> None:
    async def fetch() -> str:
        t.runs("fetch", "the body runs")
        await asyncio.sleep(0.02)
        t.ended("fetch")
        return "data"

    t.runs("main", "main calls fetch(): that makes an object, and runs nothing")
    made = fetch()
    time.sleep(0.02)
    t.waits("main", f"main runs the {type(made).__name__}")
    asyncio.run(made)
    t.ended("main", "main has the data")


async def _fetch(t: Timeline, name: str, seconds: float) -> str:
    t.waits(name, f"{name} starts")
    await asyncio.sleep(seconds)
    t.ended(name, f"{name} has its data")
    return name


def await_(t: Timeline) -> None:
    async def main() -> None:
        t.runs("main", "main makes two coroutine objects")
        first, second = _fetch(t, "first", 0.06), _fetch(t, "second", 0.03)
        t.waits("main", "main awaits first")
        await first
        t.waits("main", "main awaits second")
        await second
        t.ended("main", "main has both")

    asyncio.run(main())


# -- together ------------------------------------------------------------------------------------------------------


def future(t: Timeline) -> None:
    async def waiter(result: asyncio.Future[str]) -> None:
        t.waits("waiter", "waiter awaits the future")
        await result
        t.ended("waiter", f"waiter got {result.result()}")

    async def main() -> None:
        t.runs("main", "main makes a future: a place for a result that is not there yet")
        result = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(waiter(result))
        t.waits("main")
        await asyncio.sleep(0.03)
        t.runs("main", "main sets the result")
        result.set_result("data")
        t.waits("main")
        await waiting
        t.ended("main")

    asyncio.run(main())


def task(t: Timeline) -> None:
    async def main() -> None:
        t.runs("main", "main makes two tasks: the loop runs each whenever the others wait")
        first, second = asyncio.create_task(_fetch(t, "first", 0.06)), asyncio.create_task(
            _fetch(t, "second", 0.03)
        )
        t.waits("main", "main awaits both")
        await first
        await second
        t.ended("main", "main has both")

    asyncio.run(main())


def event_loop(t: Timeline) -> None:
    async def main() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def turn(name: str, last: bool = False) -> None:
            t.runs(name, f"the loop runs {name}")
            time.sleep(0.005)
            t.ended(name)
            if last:
                done.set_result(None)

        t.runs("main", "main hands the loop two callbacks that are ready, and a timer")
        loop.call_later(0.03, turn, "timer", True)
        loop.call_soon(turn, "ready 1")
        loop.call_soon(turn, "ready 2")
        t.waits("main", "main waits, and the loop is free")
        await done
        t.ended("main")

    asyncio.run(main())


def blocking_call(t: Timeline) -> None:
    async def ticker() -> None:
        for _ in range(6):
            t.waits("ticker")
            await asyncio.sleep(0.01)
            t.runs("ticker")
        t.ended("ticker")

    async def rude() -> None:
        t.waits("rude")
        await asyncio.sleep(0.015)
        t.runs("rude", "rude calls time.sleep(), not asyncio.sleep(): nobody else gets a turn")
        time.sleep(0.06)
        t.ended("rude")

    async def main() -> None:
        await asyncio.gather(ticker(), rude())

    asyncio.run(main())


def thread(t: Timeline) -> None:
    def fetch(name: str, seconds: float) -> None:
        t.waits(name, f"{name} blocks in a thread of its own")
        time.sleep(seconds)
        t.ended(name)

    t.runs("main", "main starts two threads; the kernel switches between them")
    threads = [
        threading.Thread(target=fetch, args=pair) for pair in (("first", 0.06), ("second", 0.03))
    ]
    for each in threads:
        each.start()
    t.waits("main", "main joins them")
    for each in threads:
        each.join()
    t.ended("main")


def _compute(name: str, out: multiprocessing.SimpleQueue) -> None:
    t = Timeline()
    t.runs(name, f"{name} computes in a process of its own")
    ends = time.process_time() + 0.05
    while time.process_time() < ends:
        pass
    t.ended(name)
    out.put(t.events)


def process(t: Timeline) -> None:
    context = multiprocessing.get_context("fork")
    out = context.SimpleQueue()
    t.runs("main", "main starts two processes, each with memory of its own")
    children = [context.Process(target=_compute, args=(name, out)) for name in ("first", "second")]
    for child in children:
        child.start()
    t.waits("main", "main waits for what they send back: it must be copied")
    for _ in children:
        t.events += out.get()
    for child in children:
        child.join()
    t.ended("main")


# -- what was seen -------------------------------------------------------------------------------------------------


def _waited_together(t: Timeline) -> str:
    both = t.together_s("first", "second")
    if both == 0:
        return f"The two waits did not overlap at all: {_ms(t.length_s())} for 60 ms and 30 ms of waiting."
    return f"The two waits overlapped for {_ms(both)}: {_ms(t.length_s())} for 60 ms and 30 ms of waiting."


def _longest_gap(t: Timeline) -> str:
    ticks = [when for when, who, state, _ in sorted(t.events) if (who, state) == ("ticker", RUNS)]
    gap = max(b - a for a, b in zip(ticks, ticks[1:]))
    return f"The ticker wanted a turn every 10 ms and once got none for {_ms(gap)}."


def _first_run(t: Timeline) -> str:
    order = [who for _, who, _ in t.said()]
    return (
        "The call ran nothing: the body began only when the object was run."
        if order.index("fetch") > 0
        else "The body ran at the call."
    )


def _order(t: Timeline) -> str:
    return "In this order: " + ", ".join(dict.fromkeys(who for _, who, _ in t.said())) + "."


def _ran_together(t: Timeline) -> str:
    both = t.together_s("first", "second", RUNS)
    return (
        f"For {_ms(both)} of {_ms(t.length_s())} both were under way at the same instant; each needed 50 ms of a CPU, "
        "and gets that at once if one is free."
    )


CHAPTERS = (
    Chapter(
        "synchronous-function",
        "A synchronous function",
        "It runs from start to finish, and its caller waits. "
        "While it waits for a network, nobody runs.",
        synchronous_function,
        _waited_together,
    ),
    Chapter(
        "coroutine-object",
        "A coroutine object",
        "Calling an `async def` function runs none of it. It makes an object: "
        "the paused call itself, to be run once.",
        coroutine_object,
        _first_run,
    ),
    Chapter(
        "await",
        "await",
        "`await` runs that one object to its end, and only then goes on. It frees the loop for others "
        "- but if nobody else was handed to the loop, nobody else runs.",
        await_,
        _waited_together,
    ),
    Chapter(
        "future",
        "A future",
        "A place for a result that is not there yet. Whoever awaits it goes on when somebody sets it.",
        future,
        _order,
    ),
    Chapter(
        "task",
        "A task",
        "A coroutine object handed to the loop. Tasks are in progress together, so that they take as long "
        "as the longest.",
        task,
        _waited_together,
    ),
    Chapter(
        "event-loop",
        "The event loop",
        "A queue of what is ready, a list of timers, and one question to the kernel: what "
        "has come? It runs one thing at a time, each until it waits.",
        event_loop,
        _order,
    ),
    Chapter(
        "blocking-call",
        "A blocking call",
        "One thread, one thing at a time: a call that does not return stops everyone.",
        blocking_call,
        _longest_gap,
    ),
    Chapter(
        "thread",
        "A thread",
        "The kernel switches between threads, even if one blocks. They share memory; in Python only "
        "one of them computes at a time.",
        thread,
        _waited_together,
    ),
    Chapter(
        "process",
        "A process",
        "Memory of its own, and a CPU of its own if there is one. What it is given and gives "
        "back is copied.",
        process,
        _ran_together,
    ),
)


def run(chapter: Chapter) -> Timeline:
    timeline = Timeline()
    chapter.show(timeline)
    return timeline
