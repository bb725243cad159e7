# SPDX-License-Identifier: MIT
"""asyncio and uvloop: asyncio.Queue with a maxsize, a task a producer. thread: queue.Queue, a thread a producer."""

import asyncio
import queue
import threading

import kernel

from .loops import Looped


class Ledger:
    """kernel::channel_ledger: a chain for each producer, since the order among producers is free."""

    def __init__(self, p):
        self.wanted, self.taken, self.most, self.chains = (
            p["producers"] * p["items"],
            0,
            0,
            [0] * p["producers"],
        )

    def enter(self, item):
        producer, value = item
        self.chains[producer] = kernel.mix((self.chains[producer] + value) & kernel.MASK)
        self.taken += 1

    def outcome(self):
        digest = (
            sum(kernel.mix(chain ^ producer) for producer, chain in enumerate(self.chains))
            & kernel.MASK
        )
        return {"taken": self.taken, "digest": digest, "most_queued": self.most}


def items_of(seed, p, producer):
    first = producer * p["items"]
    for i in range(p["items"]):
        yield producer, kernel.mix(seed ^ (first + i))


class Tasks(Looped):
    async def produce(self, to, producer):
        for item in items_of(self.env["seed"], self.p, producer):
            await to.put(item)

    async def work(self, probe):
        items, ledger = asyncio.Queue(self.p["capacity"]), Ledger(self.p)
        producers = [
            self.loop.create_task(self.produce(items, number))
            for number in range(self.p["producers"])
        ]
        while ledger.taken < ledger.wanted:
            ledger.most = max(ledger.most, items.qsize())
            ledger.enter(await items.get())
        await asyncio.gather(*producers)
        return ledger.outcome()


class Threads:
    def __init__(self, variant, params, environment):
        self.p, self.seed = params, environment["seed"]
        threading.stack_size(65_536)

    def produce(self, to, producer):
        for item in items_of(self.seed, self.p, producer):
            to.put(item)

    def run(self, probe):
        items, ledger = queue.Queue(self.p["capacity"]), Ledger(self.p)
        producers = [
            threading.Thread(target=self.produce, args=(items, number))
            for number in range(self.p["producers"])
        ]
        for producer in producers:
            producer.start()
        while ledger.taken < ledger.wanted:
            ledger.most = max(ledger.most, items.qsize())
            ledger.enter(items.get())
        for producer in producers:
            producer.join()
        return ledger.outcome()

    def close(self):
        pass


def make(variant, params, environment):
    return (Threads if variant == "thread" else Tasks)(variant, params, environment)
