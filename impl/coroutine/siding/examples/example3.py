# SPDX-License-Identifier: MIT
"""Example 3: tasks. The loop runs both; the waits overlap and the longest one decides."""

import asyncio

from timeline import Timeline

timeline = Timeline()


async def fetch_data(name, seconds):
    timeline.waits(name, f"fetches for {seconds} s")
    await asyncio.sleep(seconds)
    timeline.ended(name, "has its data")
    return f"data of {name}"


async def main():
    timeline.runs("main", "makes two tasks")
    first = asyncio.create_task(fetch_data("first", 0.4))
    second = asyncio.create_task(fetch_data("second", 0.2))
    timeline.waits("main", "awaits first")
    first_data = await first
    timeline.waits("main", "awaits second")
    second_data = await second
    timeline.ended("main", f"got {first_data} and {second_data}")


asyncio.run(main())
timeline.draw()
