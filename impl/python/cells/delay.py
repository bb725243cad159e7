# SPDX-License-Identifier: MIT
"""asyncio and uvloop: the streams of echo, a sleep before each answer."""

from .echo import Streams


class Delayed(Streams):
    async def work(self, probe):
        seen = await super().work(probe)
        return {"accepted": seen["accepted"], "requests": self.requests}

    requests = 0

    async def talk(self, reader, writer):
        length_ns = self.p["delay_us"] * 1_000
        while True:
            message = await reader.readexactly(self.p["message_bytes"])
            await self.sleep_ns(length_ns)
            writer.write(message)
            await writer.drain()
            self.requests += 1


def make(variant, params, environment):
    return Delayed(variant, params, environment)
