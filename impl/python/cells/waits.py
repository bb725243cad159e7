# SPDX-License-Identifier: MIT
"""asyncio and uvloop: a task a wait. thread: a thread a wait, as long as the kernel gives as many."""

import asyncio
import threading
import time

import kernel
from protocol import Declined

from .loops import Looped

MOST_THREADS = 10_000
STACK_BYTES = 65_536


def length_ns(p, seed, i):
    return kernel.wait_ns(seed, i, p["shortest_us"], p["longest_us"])


class Tasks(Looped):
    async def wait(self, i, probe):
        length = length_ns(self.p, self.env["seed"], i)
        probe.begin(i)
        await self.sleep_ns(length)
        probe.end(i)
        return kernel.mix(i)

    async def work(self, probe):
        done = await asyncio.gather(*(self.wait(i, probe) for i in range(self.p["waits"])))
        return {"completed": len(done), "checksum": sum(done) & kernel.MASK}


class Threads:
    def __init__(self, variant, params, environment):
        if params["waits"] > MOST_THREADS:
            raise Declined(
                f"a thread a wait: more than {MOST_THREADS} are no use that anyone makes of threads"
            )
        self.p, self.seed = params, environment["seed"]
        self.done = [0] * params["waits"]
        threading.stack_size(STACK_BYTES)

    def wait(self, i, probe):
        length = length_ns(self.p, self.seed, i)
        probe.begin(i)
        time.sleep(length / 1e9)
        probe.end(i)
        self.done[i] = kernel.mix(i)

    def run(self, probe):
        threads = [
            threading.Thread(target=self.wait, args=(i, probe)) for i in range(self.p["waits"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"completed": len(self.done), "checksum": sum(self.done) & kernel.MASK}

    def close(self):
        pass


def make(variant, params, environment):
    return (Threads if variant == "thread" else Tasks)(variant, params, environment)
