# SPDX-License-Identifier: MIT
"""The kernel in Python itself, since that is what computes in a Python program. process: a pool of processes. thread: a
pool of threads, of which the interpreter lets one run. asyncio: tasks on one thread."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import kernel

from .loops import Looped


def share(seed, first, last, block_bytes, passes):
    return sum(kernel.hash_block(seed, block, block_bytes, passes) for block in range(first, last))


class Pool:
    def __init__(self, variant, params, environment):
        self.p, self.seed, workers = params, environment["seed"], environment["workers"]
        # Four chunks a worker: few messages, and no worker waits long for the last one.
        self.step = max(1, params["blocks"] // (4 * workers))
        if variant == "thread":
            self.pool = ThreadPoolExecutor(workers)
        else:
            self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))

    def run(self, probe):
        blocks, arguments = self.p["blocks"], (self.p["block_bytes"], self.p["passes"])
        futures = [
            self.pool.submit(share, self.seed, first, min(first + self.step, blocks), *arguments)
            for first in range(0, blocks, self.step)
        ]
        return {
            "blocks": blocks,
            "checksum": sum(future.result() for future in futures) & kernel.MASK,
        }

    def close(self):
        self.pool.shutdown()


class Tasks(Looped):
    async def block(self, number):
        return kernel.hash_block(self.env["seed"], number, self.p["block_bytes"], self.p["passes"])

    async def work(self, probe):
        sums = await asyncio.gather(*(self.block(number) for number in range(self.p["blocks"])))
        return {"blocks": len(sums), "checksum": sum(sums) & kernel.MASK}


def make(variant, params, environment):
    return (Tasks if variant == "asyncio" else Pool)(variant, params, environment)
