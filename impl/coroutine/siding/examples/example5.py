# SPDX-License-Identifier: MIT
"""Example 5: a blocking call starves the loop; to_thread is the cure."""

import asyncio
import time

from timeline import Timeline

timeline = Timeline()


def blocking_read(name):
    timeline.waits(name, "blocks its thread for 0.4 s")
    time.sleep(0.4)
    timeline.ended(name, "is done")


async def ticker(name):
    for tick in range(1, 4):
        timeline.waits(name, "sleeps 0.1 s")
        await asyncio.sleep(0.1)
        timeline.runs(name, f"tick {tick}")
    timeline.ended(name, "is done")


async def blocking_coroutine(name):
    blocking_read(name)


async def main():
    timeline.waits("main", "blocks inside the loop")
    await asyncio.gather(ticker("ticker1"), blocking_coroutine("block1"))
    timeline.waits("main", "blocks in a thread")
    await asyncio.gather(ticker("ticker2"), asyncio.to_thread(blocking_read, "block2"))
    timeline.ended("main", "is done")


asyncio.run(main())
timeline.draw()
