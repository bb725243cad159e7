# SPDX-License-Identifier: MIT
"""Example 2: the mistake. Two coroutine objects, awaited one after another: no concurrency.

Calling a coroutine function makes an object and runs nothing. `await` runs that one object to its
end; the second has not begun when the first is done.
"""

import asyncio

from timeline import Timeline

timeline = Timeline()


async def fetch_data(name, seconds):
    timeline.waits(name, f"fetches for {seconds} s")
    await asyncio.sleep(seconds)
    timeline.ended(name, "has its data")
    return f"data of {name}"


async def main():
    timeline.runs("main", "makes two coroutine objects")
    first = fetch_data("first", 0.4)
    second = fetch_data("second", 0.2)
    timeline.waits("main", "awaits first")
    first_data = await first
    timeline.waits("main", "awaits second")
    second_data = await second
    timeline.ended("main", f"got {first_data} and {second_data}")


asyncio.run(main())
timeline.draw()
