# SPDX-License-Identifier: MIT
"""Example 6: CPU-bound work. Tasks take turns on one core; processes use them all.

In Python threads take turns too (the interpreter's lock); in C++ they run side by side.
"""

import asyncio
import concurrent.futures
import multiprocessing

from timeline import Timeline

timeline = Timeline()
LIMIT = 5_000_000


def count_primes(limit):
    """Primes below `limit`, by the sieve of Eratosthenes: pure computing, no waiting."""
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(sieve[number * number :: number]))
    return sum(sieve)


async def as_task(name):
    timeline.runs(name, "counts primes on the loop")
    primes = count_primes(LIMIT)
    timeline.ended(name, f"found {primes}")
    return primes


async def in_pool(name, pool):
    timeline.runs(
        name, f"counts primes {'in a thread' if name.startswith('thr') else 'in a process'}"
    )
    primes = await asyncio.get_running_loop().run_in_executor(pool, count_primes, LIMIT)
    timeline.ended(name, f"found {primes}")
    return primes


async def main():
    timeline.waits("main", "two tasks")
    results = await asyncio.gather(as_task("task1"), as_task("task2"))

    timeline.waits("main", "two threads")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results += await asyncio.gather(in_pool("thread1", pool), in_pool("thread2", pool))

    timeline.waits("main", "two processes")
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        results += await asyncio.gather(in_pool("process1", pool), in_pool("process2", pool))
    timeline.ended("main", f"six times the same answer: {len(set(results)) == 1}")


asyncio.run(main())
timeline.draw()
