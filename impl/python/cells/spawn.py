# SPDX-License-Identifier: MIT
"""A task, a thread or a process for each unit."""

import multiprocessing
import threading

import kernel
from protocol import Declined

from .loops import Looped

MOST = {"thread": 10_000, "process": 1_000}


class Tasks(Looped):
    async def unit(self, i):
        return kernel.mix(self.env["seed"] ^ i)

    async def work(self, probe):
        joined = total = 0
        for first in range(0, self.p["units"], self.p["at_once"]):
            tasks = [
                self.loop.create_task(self.unit(i)) for i in range(first, first + self.p["at_once"])
            ]
            for task in tasks:
                total += await task
                joined += 1
        return {"joined": joined, "sum": total & kernel.MASK}


class Units:
    def __init__(self, variant, params, environment):
        if params["units"] > MOST[variant]:
            raise Declined(f"more than {MOST[variant]} units take a {variant} of Python minutes")
        self.p, self.seed = params, environment["seed"]
        self.start = (
            threading.Thread if variant == "thread" else multiprocessing.get_context("fork").Process
        )
        self.values = multiprocessing.RawArray("Q", params["at_once"])
        threading.stack_size(65_536)

    def unit(self, i):
        self.values[i % self.p["at_once"]] = kernel.mix(self.seed ^ i)

    def run(self, probe):
        joined = total = 0
        for first in range(0, self.p["units"], self.p["at_once"]):
            units = [
                self.start(target=self.unit, args=(i,))
                for i in range(first, first + self.p["at_once"])
            ]
            for unit in units:
                unit.start()
            for unit in units:
                unit.join()
                joined += 1
            total += sum(self.values)
        return {"joined": joined, "sum": total & kernel.MASK}

    def close(self):
        pass


def make(variant, params, environment):
    return (Units if variant in MOST else Tasks)(variant, params, environment)
