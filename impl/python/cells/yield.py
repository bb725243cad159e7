# SPDX-License-Identifier: MIT
"""asyncio and uvloop: `await asyncio.sleep(0)`, the documented way to give way once."""

import asyncio

import kernel

from .loops import Looped


class Tasks(Looped):
    async def unit(self, number):
        units, turns = self.p["units"], self.p["turns"]
        taken = 0
        while taken < turns:
            if self.turn % units == number:
                self.chain = kernel.mix((self.chain + number) & kernel.MASK)
                self.turn += 1
                taken += 1
            await asyncio.sleep(0)

    async def work(self, probe):
        self.turn, self.chain = 0, self.env["seed"]
        await asyncio.gather(*(self.unit(number) for number in range(self.p["units"])))
        return {"turns": self.turn, "chain": self.chain}


make = Tasks
