# SPDX-License-Identifier: MIT
"""Stands in for `switchyard-backend` beside a model's executable and passes on what the real one
says. FAULT_MODE `trickle`: each answer comes in pieces, behind one that nobody asked for, and a
second time. `vanish`: after 20 answers all connections are closed and nobody listens any more."""

import asyncio
import os
import socket
import subprocess
import sys

PIECE = 7
ANSWERS_BEFORE_THE_END = 20


class Relay:
    def __init__(self, real_port, answer_bytes, mode):
        self.port, self.bytes, self.mode = real_port, 8 + answer_bytes, mode
        self.answers, self.gone = 0, asyncio.Event()

    async def serve(self, asks, says):
        answers, questions = await asyncio.open_connection("127.0.0.1", self.port)
        says.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        passing = asyncio.create_task(self.pass_answers(answers, says))
        try:
            while question := await asks.read(4_096):
                questions.write(question)
                await questions.drain()
        except ConnectionError:
            pass
        finally:
            passing.cancel()
            questions.close()
            says.close()

    async def pass_answers(self, answers, says):
        while not self.gone.is_set():
            answer = await answers.readexactly(self.bytes)
            stale = bytes([answer[0] ^ 0x80]) + answer[1:8] + bytes(self.bytes - 8)
            for frame in (stale, answer, answer) if self.mode == "trickle" else (answer,):
                for at in range(0, len(frame), PIECE if self.mode == "trickle" else self.bytes):
                    says.write(frame[at : at + (PIECE if self.mode == "trickle" else self.bytes)])
                    await asyncio.sleep(0)
            await says.drain()
            self.answers += 1
            if self.mode == "vanish" and self.answers == ANSWERS_BEFORE_THE_END:
                self.gone.set()


async def relay(flags, real_port, real):
    one = Relay(real_port, int(flags["--answer-bytes"]), os.environ["FAULT_MODE"])
    listening = socket.socket(fileno=int(flags["--listen-fd"]))
    await asyncio.start_server(one.serve, sock=listening)
    ended = asyncio.get_running_loop().run_in_executor(None, real.wait)
    gone = asyncio.create_task(one.gone.wait())
    await asyncio.wait([ended, gone], return_when=asyncio.FIRST_COMPLETED)
    if one.gone.is_set():
        real.kill()
        os._exit(3)  # which closes all of them


def main():
    words = sys.argv[2:]
    flags = dict(zip(words[1::2], words[2::2]))
    real_listener = socket.socket()
    real_listener.bind(("127.0.0.1", 0))
    real_listener.listen(1_000)
    flags_of_real = dict(flags) | {"--listen-fd": str(real_listener.fileno())}
    kept = [real_listener.fileno(), int(flags["--stop-fd"]), int(flags["--report-fd"])]
    real = subprocess.Popen(
        [sys.argv[1], words[0], *(word for pair in flags_of_real.items() for word in pair)],
        pass_fds=kept,
    )
    port = real_listener.getsockname()[1]
    real_listener.close()
    asyncio.run(relay(flags, port, real))


main()
