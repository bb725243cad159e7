#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rate that the load generator sees and the rate that wrk sees, of the same HTTP server over as many keep-alive
connections, in alternating pairs. The server computes for each request, so that either can keep it busy: a faster one
would measure wrk, which makes four system calls a request (two of them epoll_ctl) where the load generator makes two."""

import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys

SKIPPED = 77
CONNECTIONS = 16
WITHIN = 1.10
# Of so many paired ratios the median lies between the second least and the second greatest, with 1 - 2 * 9 / 2^8 = 93 %
# and more; the pairs go on until that interval says yes or no.
LEAST_PAIRS, MOST_PAIRS = 8, 24
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!"


class Server(asyncio.Protocol):
    """Answers every GET alike: kernel::http_reply. The load generator compares each byte."""

    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for _ in requests:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 60)  # some 30 us
            self.transport.write(REPLY)


def serve(cpu):
    """A server process: its port, and how to end it."""
    port_read, port_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})

        async def run():
            server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
            os.write(port_write, str(server.sockets[0].getsockname()[1]).encode())
            os.close(port_write)
            await server.serve_forever()

        with contextlib.suppress(BaseException):
            asyncio.run(run())
        os._exit(1)
    os.close(port_write)
    return int(os.read(port_read, 16)), pid


def run(command, cpu):
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    if done.returncode:
        sys.exit(
            f"{command} exited with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return done.stdout


def rate_of_wrk(port, cpu):
    said = run(
        ["wrk", "-c", str(CONNECTIONS), "-t", "1", "-d", "1s", f"http://127.0.0.1:{port}/"], cpu
    )
    if "Socket errors" in said or "Non-2xx" in said:
        sys.exit(said)
    return float(re.search(r"Requests/sec: +([\d.]+)", said)[1])


def rate_of(client, port, messages, cpu):
    said = run(
        [
            client,
            "http",
            "--port",
            str(port),
            "--connections",
            str(CONNECTIONS),
            "--messages",
            str(messages),
            "--warm-up",
            str(CONNECTIONS),
        ],
        cpu,
    )
    report = json.loads(said)
    assert report["received"] == messages, report["reason"]
    return messages / report["window_ns"] * 1e9


def interval(ratios):
    """Of the median, by the sign test: at most 7 % of the time it lies elsewhere."""
    ordered, cut = sorted(ratios), 0
    outside, ways = 0.0, 1  # ways: n choose cut
    while True:
        outside += ways / 2 ** len(ordered)
        if 2 * outside > 0.0704:
            break
        ways = ways * (len(ordered) - cut) // (cut + 1)
        cut += 1
    return ordered[cut - 1], ordered[-cut]


def main():
    client = pathlib.Path(sys.argv[1])
    if not shutil.which("wrk"):
        print("skipped: no wrk; apt-get install wrk")
        return SKIPPED
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        print(
            "skipped: one CPU; server and client would share it, and what a client costs would count"
        )
        return SKIPPED
    port, server = serve(cpus[0])
    try:
        messages = max(1_000, int(rate_of_wrk(port, cpus[-1])))
        ratios = []
        while len(ratios) < MOST_PAIRS:
            if len(ratios) % 2:
                theirs, ours = rate_of_wrk(port, cpus[-1]), rate_of(
                    client, port, messages, cpus[-1]
                )
            else:
                ours, theirs = rate_of(client, port, messages, cpus[-1]), rate_of_wrk(
                    port, cpus[-1]
                )
            ratios.append(ours / theirs)
            print(f"{ours:.0f} a second, wrk {theirs:.0f}: {ratios[-1]:.3f}", flush=True)
            if len(ratios) >= LEAST_PAIRS:
                low, high = interval(ratios)
                if 1 / WITHIN <= low and high <= WITHIN or high < 1 / WITHIN or WITHIN < low:
                    break
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    middle = statistics.median(ratios)
    print(
        f"ratio {middle:.3f} [{low:.3f}, {high:.3f}], {len(ratios)} pairs of {CONNECTIONS} connections"
    )
    return 0 if 1 / WITHIN <= middle <= WITHIN else 1


sys.exit(main())
