# SPDX-License-Identifier: MIT
"""Each word of the lesson, shown by a small piece. `terms.py WORD`, or no word for the list."""

import asyncio
import sys
import time


def synchronous_function():
    """runs from start to finish; its caller waits"""

    def fetch():
        print("fetch starts")
        time.sleep(0.05)
        print("fetch ends")
        return "data"

    print("before the call")
    print("got", fetch())


def coroutine_function():
    """`async def`: calling it runs nothing, it makes a coroutine object"""

    async def fetch():
        print("the body runs")

    made = fetch()
    print("called, and the body has not run")
    made.close()


def coroutine_object():
    """the paused call itself: it can be started, paused, continued, once"""

    async def fetch():
        print("the body runs")
        return "data"

    made = fetch()
    print("made")
    print("got", asyncio.run(made))
    try:
        asyncio.run(made)
    except RuntimeError:
        print("a second time is an error")


def await_():
    """pauses this coroutine until the other has a result; the loop is free meanwhile"""

    async def fetch():
        print("fetch starts")
        await asyncio.sleep(0.05)
        print("fetch ends")
        return "data"

    async def main():
        print("before await")
        print("got", await fetch())

    asyncio.run(main())


def future():
    """a result that is not there yet; whoever awaits it is resumed when it is set"""

    async def waiter(result):
        print("waiter awaits")
        print("waiter got", await result)

    async def main():
        result = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(waiter(result))
        await asyncio.sleep(0)
        print("main sets the result")
        result.set_result("data")
        await waiting

    asyncio.run(main())


def task():
    """a coroutine object handed to the loop: it runs whenever others wait"""

    async def fetch(name):
        print(name, "starts")
        await asyncio.sleep(0)
        print(name, "ends")

    async def main():
        first = asyncio.create_task(fetch("first"))
        second = asyncio.create_task(fetch("second"))
        print("both made, none started")
        await first
        await second

    asyncio.run(main())


def event_loop():
    """takes what is ready, in order, and runs each until it waits"""

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.call_later(0.02, lambda: (print("third: a timer"), done.set_result(None)))
        loop.call_soon(lambda: print("first: ready"))
        loop.call_soon(lambda: print("second: ready"))
        print("main waits")
        await done

    asyncio.run(main())


def io_bound():
    """the time goes into waiting: ten waits at once take as long as one"""

    async def main():
        started = time.perf_counter()
        await asyncio.gather(*(asyncio.sleep(0.1) for _ in range(10)))
        print("ten waits of 0.1 s, together:", round(time.perf_counter() - started, 1), "s")

    asyncio.run(main())


def cpu_bound():
    """the time goes into computing: ten pieces on one loop take ten times as long as one"""

    async def compute():
        return sum(range(300_000))

    async def main():
        started = time.perf_counter()
        await compute()
        one = time.perf_counter() - started
        started = time.perf_counter()
        await asyncio.gather(*(compute() for _ in range(10)))
        ten = time.perf_counter() - started
        print("ten pieces take several times as long as one:", ten > 3 * one)

    asyncio.run(main())


TERMS = {
    "synchronous-function": synchronous_function,
    "coroutine-function": coroutine_function,
    "coroutine-object": coroutine_object,
    "await": await_,
    "future": future,
    "task": task,
    "event-loop": event_loop,
    "io-bound": io_bound,
    "cpu-bound": cpu_bound,
}


def main():
    if len(sys.argv) != 2:
        for name, piece in TERMS.items():
            print(f"{name:<21} {piece.__doc__}")
        return 0
    if sys.argv[1] not in TERMS:
        print(f"terms: no such word: {sys.argv[1]}; one of: {' '.join(TERMS)}", file=sys.stderr)
        return 64
    TERMS[sys.argv[1]]()
    return 0


sys.exit(main())
