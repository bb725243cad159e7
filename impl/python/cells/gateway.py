# SPDX-License-Identifier: MIT
"""asyncio and uvloop: the streams of echo, and a connection to each backend. A task a backend hears its answer, and
asyncio.wait waits for all of them with a limit; those that are still pending are asked again, and awaited."""

import asyncio
import socket

from .echo import Streams

TAG_BYTES = 8
NUMBER = (1 << 56) - 1
AGAIN = 1 << 63


class Gateway(Streams):
    retries = requests = 0

    async def work(self, probe):
        self.frame = TAG_BYTES + self.p["answer_bytes"]
        limit_ns = self.p["limit_us"] * 1_000
        # As sleep_ns of loops.py: never early.
        self.limit_s = (
            (limit_ns + 999_999) // 1_000_000 / 1000 + 0.001 if self.coarse else limit_ns / 1e9
        )
        seen = await super().work(probe)
        return {"accepted": seen["accepted"], "requests": self.requests, "retries": self.retries}

    async def talk(self, reader, writer):
        backends = []
        try:
            for _ in range(self.p["backends"]):
                backends.append(
                    await asyncio.open_connection("127.0.0.1", self.env["backend_port"])
                )
                raw = backends[-1][1].get_extra_info("socket")
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                number = int.from_bytes(await reader.readexactly(8), "little")
                writer.writelines(await self.ask(backends, number))
                await writer.drain()
                self.requests += 1
        finally:
            for _, to in backends:
                to.close()

    async def ask(self, backends, number):
        tags = [number & NUMBER | i << 56 for i in range(len(backends))]
        hearing = []
        for tag, (reader, writer) in zip(tags, backends):
            writer.write(tag.to_bytes(8, "little"))
            hearing.append(asyncio.create_task(self.hear(reader, tag)))
        try:
            _, pending = await asyncio.wait(hearing, timeout=self.limit_s)
            for tag, (_, writer), answer in zip(tags, backends, hearing):
                if answer in pending:
                    self.retries += 1
                    writer.write((tag | AGAIN).to_bytes(8, "little"))
            return await asyncio.gather(*hearing)
        finally:
            for task in hearing:
                task.cancel()

    async def hear(self, reader, tag):
        while True:
            answer = await reader.readexactly(self.frame)
            if int.from_bytes(answer[:TAG_BYTES], "little") == tag:
                return answer[TAG_BYTES:]


def make(variant, params, environment):
    return Gateway(variant, params, environment)
