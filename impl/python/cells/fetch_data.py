# SPDX-License-Identifier: MIT
"""asyncio and uvloop: a task a fetch. sequential: the same coroutines awaited one after another. thread, process:
one for each fetch."""

import asyncio
import multiprocessing
import threading
import time

import kernel

from .loops import Looped


class Tasks(Looped):
    async def fetch(self, i, probe):
        probe.begin(i)
        await self.sleep_ns((i + 1) * self.p["step_us"] * 1000)
        value = kernel.fetched_value(self.env["seed"], i)
        probe.end(i)
        return value

    async def work(self, probe):
        return total(
            await asyncio.gather(*(self.fetch(i, probe) for i in range(self.p["fetches"])))
        )


class Sequential(Tasks):
    async def work(self, probe):
        return total([await self.fetch(i, probe) for i in range(self.p["fetches"])])


class Blocking:
    def __init__(self, variant, params, environment):
        self.variant, self.p, self.env = variant, params, environment
        # A RawArray is anonymous shared memory: a child writes its value where the parent reads it.
        self.values = multiprocessing.RawArray("Q", params["fetches"])

    def fetch(self, i, probe):
        probe.begin(i)
        time.sleep((i + 1) * self.p["step_us"] / 1e6)
        self.values[i] = kernel.fetched_value(self.env["seed"], i)
        probe.end(i)

    def run(self, probe):
        start = (
            threading.Thread
            if self.variant == "thread"
            else multiprocessing.get_context("fork").Process
        )
        units = [start(target=self.fetch, args=(i, probe)) for i in range(self.p["fetches"])]
        for unit in units:
            unit.start()
        for unit in units:
            unit.join()
        return total(list(self.values))

    def close(self):
        pass


def total(values):
    return {"fetched": len(values), "sum": sum(values) & kernel.MASK}


def make(variant, params, environment):
    kind = {"sequential": Sequential, "thread": Blocking, "process": Blocking}.get(variant, Tasks)
    return kind(variant, params, environment)
