# SPDX-License-Identifier: MIT
"""asyncio and uvloop: a task a unit, suspended in `Event.wait`. thread: a thread a unit, in threading's Event. process:
a child a unit, in multiprocessing's."""

import asyncio
import multiprocessing
import threading

import kernel
from protocol import Declined

from .loops import Looped

MOST = {"thread": 10_000, "process": 1_000}


def steps(units):
    return units // 4, units // 2, units


class Tasks(Looped):
    async def live(self, i, probe):
        seed, ballast = self.env["seed"], kernel.payload(
            self.env["seed"], i, self.p["ballast_bytes"]
        )
        probe.begin(i)
        self.waiting += 1
        if self.waiting == self.expected:
            self.step_waits.set()
        await self.gate.wait()
        probe.end(i)
        return kernel.hash_bytes(seed ^ i, ballast)

    async def work(self, probe):
        self.waiting, self.gate, self.step_waits, units = 0, asyncio.Event(), asyncio.Event(), []
        for step in steps(self.p["units"]):
            self.expected = step
            self.step_waits.clear()
            units += [self.loop.create_task(self.live(i, probe)) for i in range(len(units), step)]
            await self.step_waits.wait()
            probe.look()
        self.gate.set()
        values = await asyncio.gather(*units)
        return {"released": len(values), "sum": sum(values) & kernel.MASK}


class Blocking:
    def __init__(self, variant, params, environment):
        if params["units"] > MOST[variant]:
            raise Declined(
                f"a {variant} a unit: more than {MOST[variant]} are no use that anyone makes of them"
            )
        self.p, self.env = params, environment
        self.kit = threading if variant == "thread" else multiprocessing.get_context("fork")
        self.start = threading.Thread if variant == "thread" else self.kit.Process
        # A RawArray is anonymous shared memory: a child writes its value where the parent reads it.
        self.values = multiprocessing.RawArray("Q", params["units"])
        threading.stack_size(65_536)

    def live(self, i, probe):
        seed, ballast = self.env["seed"], kernel.payload(
            self.env["seed"], i, self.p["ballast_bytes"]
        )
        probe.begin(i)
        self.arrived.release()
        self.gate.wait()
        probe.end(i)
        self.values[i] = kernel.hash_bytes(seed ^ i, ballast)

    def run(self, probe):
        self.gate, self.arrived, units = self.kit.Event(), self.kit.Semaphore(0), []
        for step in steps(self.p["units"]):
            for i in range(len(units), step):
                units.append(self.start(target=self.live, args=(i, probe)))
                units[-1].start()
                self.arrived.acquire()
            probe.look()
        self.gate.set()
        for unit in units:
            unit.join()
        return {"released": len(units), "sum": sum(self.values) & kernel.MASK}

    def close(self):
        pass


def make(variant, params, environment):
    return (Blocking if variant in MOST else Tasks)(variant, params, environment)
