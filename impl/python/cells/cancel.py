# SPDX-License-Identifier: MIT
"""asyncio and uvloop: `task.cancel()`, and clean-up where CancelledError arrives. thread: a wait that an Event of the
unit's own cuts short, since a thread cannot be cancelled. process: SIGTERM, whose handler raises."""

import asyncio
import multiprocessing
import signal
import threading
import time

import kernel
from protocol import Declined

from .loops import Looped

MOST = {"thread": 10_000, "process": 1_000}


class Tasks(Looped):
    async def wait(self, unit, probe):
        mark = kernel.waiting_mark(self.env["seed"], unit)
        self.waiting += mark
        if unit + 1 == self.p["units"]:
            self.all_wait.set()  # tasks start in the order of their creation
        try:
            await asyncio.sleep(kernel.cancel_wait_ns(self.env["seed"], unit) / 1e9)
        except asyncio.CancelledError:
            probe.end(unit)
            self.cancelled += kernel.mix(mark)
            raise

    async def work(self, probe):
        self.waiting = self.cancelled = joined = 0
        self.all_wait = asyncio.Event()
        units, burst = self.p["units"], self.p["burst"]
        order = kernel.cancel_order(self.env["seed"], units)
        tasks = [self.loop.create_task(self.wait(unit, probe)) for unit in range(units)]
        await self.all_wait.wait()
        for first in range(0, units, burst):
            asked = order[first : first + burst]
            for unit in asked:
                probe.begin(unit)
                tasks[unit].cancel()
            done, _ = await asyncio.wait([tasks[unit] for unit in asked])
            joined += sum(task.cancelled() for task in done)
        return {
            "joined": joined,
            "waiting": self.waiting & kernel.MASK,
            "cancelled": self.cancelled & kernel.MASK,
        }


class Blocking:
    def __init__(self, variant, params, environment):
        if params["units"] > MOST[variant]:
            raise Declined(
                f"a {variant} a unit: more than {MOST[variant]} are no use that anyone makes of them"
            )
        self.p, self.seed = params, environment["seed"]
        # Anonymous shared memory: a child writes where the parent reads.
        self.waiting, self.cancelled = (
            multiprocessing.RawArray("Q", params["units"]) for _ in range(2)
        )
        threading.stack_size(65_536)

    def clean_up(self, unit, probe):
        probe.end(unit)
        self.cancelled[unit] = kernel.mix(self.waiting[unit])

    def run(self, probe):
        count, burst = self.p["units"], self.p["burst"]
        order, joined = kernel.cancel_order(self.seed, count), 0
        self.waiting[:] = self.cancelled[:] = [0] * count
        units = self.start_all(probe)
        for first in range(0, count, burst):
            asked = order[first : first + burst]
            for unit in asked:
                probe.begin(unit)
                self.cancel(unit, units)
            for unit in asked:
                units[unit].join()
                joined += 1
        return {
            "joined": joined,
            "waiting": sum(self.waiting) & kernel.MASK,
            "cancelled": sum(self.cancelled) & kernel.MASK,
        }

    def close(self):
        pass


class Threads(Blocking):
    def wait(self, unit, probe):
        self.waiting[unit] = kernel.waiting_mark(self.seed, unit)
        self.arrived.release()
        if self.events[unit].wait(kernel.cancel_wait_ns(self.seed, unit) / 1e9):
            self.clean_up(unit, probe)

    def start_all(self, probe):
        self.arrived = threading.Semaphore(0)
        self.events = [threading.Event() for _ in range(self.p["units"])]
        units = [
            threading.Thread(target=self.wait, args=(unit, probe))
            for unit in range(self.p["units"])
        ]
        for unit in units:
            unit.start()
            self.arrived.acquire()
        return units

    def cancel(self, unit, units):
        self.events[unit].set()


class Processes(Blocking):
    class Terminated(Exception):
        pass

    def wait(self, unit, probe):
        def raise_it(*_):
            raise self.Terminated

        signal.signal(signal.SIGTERM, raise_it)
        try:
            self.waiting[unit] = kernel.waiting_mark(self.seed, unit)
            self.arrived.release()
            time.sleep(kernel.cancel_wait_ns(self.seed, unit) / 1e9)
        except self.Terminated:
            self.clean_up(unit, probe)

    def start_all(self, probe):
        fork = multiprocessing.get_context("fork")
        self.arrived = fork.Semaphore(0)
        units = [
            fork.Process(target=self.wait, args=(unit, probe)) for unit in range(self.p["units"])
        ]
        for unit in units:
            unit.start()
            self.arrived.acquire()
        return units

    def cancel(self, unit, units):
        units[unit].terminate()


def make(variant, params, environment):
    return {"thread": Threads, "process": Processes}.get(variant, Tasks)(
        variant, params, environment
    )
