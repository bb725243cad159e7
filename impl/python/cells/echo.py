# SPDX-License-Identifier: MIT
"""asyncio and uvloop: streams, as the documentation shows an echo server. thread: a blocking thread a connection."""

import asyncio
import os
import select
import socket
import threading

from .loops import Looped

BUFFER_BYTES = 65_536


class Streams(Looped):
    async def work(self, probe):
        self.accepted = self.echoed = 0
        stopped, self.tasks = asyncio.Event(), set()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.env["stop_fd"], stopped.set)
        listening = socket.socket(fileno=os.dup(self.env["listen_fd"]))
        server = await asyncio.start_server(self.serve, sock=listening, limit=BUFFER_BYTES)
        await stopped.wait()
        loop.remove_reader(self.env["stop_fd"])
        server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return {"accepted": self.accepted, "echoed_bytes": self.echoed}

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        self.accepted += 1
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.tasks.discard(asyncio.current_task())

    async def talk(self, reader, writer):
        while data := await reader.read(BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
            self.echoed += len(data)


class Threads:
    def __init__(self, variant, params, environment):
        self.env = environment
        threading.stack_size(BUFFER_BYTES)

    def run(self, probe):
        listening = socket.socket(fileno=os.dup(self.env["listen_fd"]))
        listening.setblocking(True)
        self.lock, open_, threads, echoed = threading.Lock(), set(), [], []
        ready = select.poll()
        ready.register(listening, select.POLLIN)
        ready.register(self.env["stop_fd"], select.POLLIN | select.POLLHUP)
        while not any(fd == self.env["stop_fd"] for fd, _ in ready.poll()):
            peer, _ = listening.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                open_.add(peer)
            threads.append(threading.Thread(target=self.serve, args=(peer, open_, echoed)))
            threads[-1].start()
        with self.lock:
            for peer in open_:
                peer.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        listening.close()
        return {"accepted": len(threads), "echoed_bytes": sum(echoed)}

    def serve(self, peer, open_, echoed):
        count = 0
        try:
            while data := peer.recv(BUFFER_BYTES):
                peer.sendall(data)
                count += len(data)
        except OSError:
            pass
        with self.lock:
            open_.discard(peer)
            peer.close()
            echoed.append(count)

    def close(self):
        pass


def make(variant, params, environment):
    return (Threads if variant == "thread" else Streams)(variant, params, environment)
