# SPDX-License-Identifier: MIT
"""An event loop that lives from make to close, asyncio's own or uvloop's."""

import asyncio

from protocol import Skipped


class Looped:
    """A session on one thread."""

    def __init__(self, variant, params, environment):
        self.p, self.env = params, environment
        self.loop = new_loop(variant)
        self.coarse = variant == "uvloop"
        asyncio.set_event_loop(self.loop)

    def run(self, probe):
        return self.loop.run_until_complete(self.work(probe))

    def close(self):
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def sleep_ns(self, ns):
        """Never early: uvloop rounds to the nearest millisecond of a clock that it reads once a turn."""
        await asyncio.sleep((ns + 999_999) // 1_000_000 / 1000 + 0.001 if self.coarse else ns / 1e9)


def new_loop(variant):
    if variant != "uvloop":
        return asyncio.new_event_loop()
    try:
        import uvloop
    except ImportError:
        raise Skipped("uvloop is missing; apt-get install python3-uvloop") from None
    return uvloop.new_event_loop()
