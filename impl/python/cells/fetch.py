# SPDX-License-Identifier: MIT
"""asyncio and uvloop: a task a slot on streams. thread: a blocking thread a slot."""

import asyncio
import socket
import threading

import kernel

from .loops import Looped


class Streams(Looped):
    def __init__(self, variant, params, environment):
        super().__init__(variant, params, environment)
        self.slots = self.loop.run_until_complete(self.connect())

    async def connect(self):
        return [
            await asyncio.open_connection("127.0.0.1", self.env["backend_port"])
            for _ in range(self.p["in_flight"])
        ]

    async def slot(self, first, probe):
        (reader, writer), checksum, count = self.slots[first], 0, 0
        for index in range(first, self.p["requests"], self.p["in_flight"]):
            probe.begin(index)
            writer.write(index.to_bytes(8, "little"))
            response = await reader.readexactly(self.p["response_bytes"])
            probe.end(index)
            checksum += kernel.hash_bytes(index, response)
            count += 1
        return count, checksum

    async def work(self, probe):
        return total(
            await asyncio.gather(*(self.slot(i, probe) for i in range(self.p["in_flight"])))
        )

    def close(self):
        for _, writer in self.slots:
            writer.close()
        self.loop.run_until_complete(
            asyncio.gather(*(writer.wait_closed() for _, writer in self.slots))
        )
        super().close()


class Threads:
    def __init__(self, variant, params, environment):
        self.p = params
        threading.stack_size(65_536)
        self.slots = [
            socket.create_connection(("127.0.0.1", environment["backend_port"]))
            for _ in range(params["in_flight"])
        ]
        for slot in self.slots:
            slot.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def slot(self, first, probe, results):
        checksum = count = 0
        for index in range(first, self.p["requests"], self.p["in_flight"]):
            probe.begin(index)
            self.slots[first].sendall(index.to_bytes(8, "little"))
            response = b""
            while len(response) < self.p["response_bytes"]:
                got = self.slots[first].recv(self.p["response_bytes"] - len(response))
                if not got:
                    raise ConnectionError("the backend closed")
                response += got
            probe.end(index)
            checksum += kernel.hash_bytes(index, response)
            count += 1
        results[first] = (count, checksum)

    def run(self, probe):
        results = [(0, 0)] * self.p["in_flight"]
        threads = [
            threading.Thread(target=self.slot, args=(i, probe, results))
            for i in range(self.p["in_flight"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return total(results)

    def close(self):
        for slot in self.slots:
            slot.close()


def total(results):
    return {
        "responses": sum(count for count, _ in results),
        "checksum": sum(c for _, c in results) & kernel.MASK,
    }


def make(variant, params, environment):
    return (Threads if variant == "thread" else Streams)(variant, params, environment)
