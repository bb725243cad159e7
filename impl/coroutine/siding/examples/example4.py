# SPDX-License-Identifier: MIT
"""Example 4: gather keeps the order of its arguments; a task group cancels the rest on an error."""

import asyncio

from timeline import Timeline

timeline = Timeline()


async def fetch_data(name, seconds, fails=False):
    timeline.waits(name, f"fetches for {seconds} s")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        timeline.ended(name, "is cancelled")
        raise
    if fails:
        timeline.ended(name, "fails")
        raise ValueError(f"no data for {name}")
    timeline.ended(name, "has its data")
    return f"data of {name}"


async def main():
    timeline.waits("main", "gathers first and second")
    data = await asyncio.gather(fetch_data("first", 0.4), fetch_data("second", 0.2))
    timeline.runs("main", "got " + " and ".join(data))

    timeline.waits("main", "runs third and fourth in a group")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fetch_data("third", 0.4))
            group.create_task(fetch_data("fourth", 0.2, fails=True))
    except* ValueError as errors:
        timeline.ended("main", f"caught: {errors.exceptions[0]}")


asyncio.run(main())
timeline.draw()
