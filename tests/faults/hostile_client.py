# SPDX-License-Identifier: MIT
"""Stands in for `switchyard-client` beside a model's executable: hostile peers, more peers than the server has
descriptors for, or wrk, in place of the load. A good client asks again after each of them, and the server's
descriptors are counted before and after. What was wrong goes to the file FAULT_RESULT; the harness gets a report whose
number of connections is not that of the params."""

import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import time

PATIENCE_S = 6
GET = b"GET / HTTP/1.1\r\nHost: switchyard\r\n\r\n"
ECHO = bytes(range(256))
# Of 64 bytes, as hostile.py asks for; a first byte of 1 makes it compute.
DEAR, CHEAP = b"\x01" + bytes(63), bytes(64)
# Of 8 bytes, numbers: the first backend is slow to 7 and has to be asked again. And of the answer.
SLOW, QUICK = b"\x07" + bytes(7), bytes(8)
JOINED_BYTES = 3 * 64
FLOOD_BYTES = 64 << 20  # more than the kernel keeps for both ends of a connection
SLOW_BYTES = 2 << 20
ROOM = 8  # descriptors that are left to the server
CROWD = 40  # peers that want one


OF_THE_HARNESS = {os.getpid()}


def processes(pid):
    """A process and its descendants, but for programs of the harness."""
    if pid in OF_THE_HARNESS:
        return []
    try:
        children = " ".join(
            t.read_text() for t in pathlib.Path(f"/proc/{pid}/task").glob("*/children")
        )
    except OSError:
        return []
    return [pid] + [found for child in children.split() for found in processes(int(child))]


def descriptors(pid):
    """Open in a process and its descendants."""
    found = 0
    for each in processes(pid):
        with contextlib.suppress(OSError):
            found += len(os.listdir(f"/proc/{each}/fd"))
    return found


def limit_descriptors(pid):
    """From now on no process of the tree opens more than ROOM beside what it has."""
    for each in processes(pid):
        highest = max(map(int, os.listdir(f"/proc/{each}/fd")))
        hard = resource.prlimit(each, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(each, resource.RLIMIT_NOFILE, (highest + 1 + ROOM, hard))


def comes_to_rest(pid):
    """Is every thread of the tree asleep in 20 looks in a row? One that tries again and again never is."""
    until, calm = time.monotonic() + PATIENCE_S, 0
    while calm < 20 and time.monotonic() < until:
        stats = (
            t.read_text()
            for each in processes(pid)
            for t in pathlib.Path(f"/proc/{each}/task").glob("*/stat")
        )
        calm = calm + 1 if all(text.rpartition(")")[2].split()[0] == "S" for text in stats) else 0
        time.sleep(0.001)
    return calm == 20


class Peers:
    def __init__(self, workload, port):
        self.port, self.opened, self.http, self.mixed = (
            port,
            0,
            workload == "http",
            workload
            in ("delay", "gateway", "mixed"),  # which cut messages to length, and let a peer wait
        )
        self.request = GET if self.http else DEAR if self.mixed else ECHO
        self.cheap, self.gateway = CHEAP, workload == "gateway"
        if self.gateway:
            self.request, self.cheap = SLOW, QUICK
        self.good = self.connect()
        self.good.sendall(self.request)
        if self.gateway:
            self.reply = self.exactly(JOINED_BYTES)
        else:
            self.reply = self.first_reply() if self.http else self.request
        if not self.http and not self.gateway:
            self.expect(self.good, self.reply)

    def connect(self):
        peer = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened += 1
        return peer

    def first_reply(self):
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.some(self.good)
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        while len(body) < length:
            body += self.some(self.good)
        assert head.startswith(b"HTTP/1.1 200"), head
        return head + b"\r\n\r\n" + body

    def exactly(self, count):
        got = b""
        while len(got) < count:
            got += self.some(self.good)
        assert len(got) == count, "more than the answers of the backends"
        return got

    @staticmethod
    def some(peer):
        got = peer.recv(65536)
        assert got, "the server closed"
        return got

    def expect(self, peer, wanted):
        got = b""
        while len(got) < len(wanted):
            got += self.some(peer)
        assert got == wanted, f"the reply is {got[:80]!r}"

    def good_client(self):
        self.good.sendall(self.request)
        self.expect(self.good, self.reply)

    def one_byte_at_a_time(self):
        with self.connect() as peer:
            for byte in self.request:
                peer.sendall(bytes([byte]))
            self.expect(peer, self.reply)

    def half_close(self):
        with self.connect() as peer:
            peer.sendall(self.request)
            peer.shutdown(socket.SHUT_WR)
            self.expect(peer, self.reply)
            assert peer.recv(1) == b"", "more than the reply"

    def reset_in_the_middle(self):
        with self.connect() as peer:
            peer.sendall(self.request)
            self.expect(peer, self.reply)  # accepted for certain
            peer.sendall(self.request[:7])
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def never_reads(self):
        with self.connect() as peer:
            peer.setblocking(False)
            sent, stuck = 0, 0
            flood = (self.cheap if self.mixed else self.request) * 500
            while sent < FLOOD_BYTES and stuck < 3:
                try:
                    sent += peer.send(flood)
                    stuck = 0
                except BlockingIOError:
                    stuck += 1
                    self.good_client()  # also a turn of the server's loop
                except ConnectionError:
                    assert self.mixed, "the server closed"  # which its contract allows
                    break
            assert sent < FLOOD_BYTES, "the server keeps all that a peer does not read"
            self.good_client()

    def slow_reader(self):
        """It reads little at a time, and another client asks in between."""
        requests = SLOW_BYTES // len(self.request)
        rest, wanted = memoryview(self.request * requests), memoryview(self.reply * requests)
        with self.connect() as peer:
            while len(wanted):
                with contextlib.suppress(BlockingIOError):
                    peer.setblocking(False)
                    rest = rest[peer.send(rest) :] if rest else rest
                peer.settimeout(PATIENCE_S)
                got = peer.recv(16_384)
                assert got, "the server closed"
                assert got == wanted[: len(got)], "a wrong byte"
                wanted = wanted[len(got) :]
                self.good_client()
            peer.shutdown(socket.SHUT_WR)
            assert peer.recv(1) == b"", "more than the reply"

    def reset_while_it_computes(self):
        with self.connect() as peer:
            peer.sendall(self.request)
            self.expect(peer, self.reply)  # accepted for certain
            peer.sendall(self.request)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def refused(self, nonsense, status):
        with self.connect() as peer:
            peer.sendall(nonsense)
            peer.shutdown(socket.SHUT_WR)
            got = b""
            while some := peer.recv(65536):
                got += some
            assert got.startswith(b"HTTP/1.1 " + status), f"the reply is {got[:80]!r}"

    def garbage(self):
        self.refused(b"\x00\xff\x16\x03 nonsense\r\n\r\n", b"400")

    def oversized_header(self):
        self.refused(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n", b"431")

    def is_turned_away(self, peer):
        """False: it is served."""
        try:
            self.expect(peer, self.reply)
        except ConnectionError:
            return True
        except AssertionError as error:
            if str(error) != "the server closed":
                raise
            return True
        return False


def crowd(workload, port, server):
    """More peers than descriptors: they wait in the backlog or are turned away, and disturb nobody."""
    peers, wrong = Peers(workload, port), []
    before = descriptors(server)
    limit_descriptors(server)
    many = [peers.connect() for _ in range(CROWD)]
    for peer in many:
        peer.sendall(peers.request)
    peers.good_client()
    if not comes_to_rest(server):
        wrong.append("the server does not come to rest")
    peers.good_client()
    many[-1].setblocking(False)
    try:
        # An accept of io_uring keeps the limit of the time at which it was submitted, and one may be for many peers.
        if many[-1].recv(1, socket.MSG_PEEK) and "io_uring" not in os.environ["FAULT_VARIANT"]:
            wrong.append("there was room for the last peer: this test tests nothing")
    except (BlockingIOError, ConnectionError):
        pass
    many[-1].settimeout(PATIENCE_S)
    turned_away = 0
    for peer in many:
        with peer:
            turned_away += peers.is_turned_away(peer)
    if turned_away == CROWD:
        wrong.append("nobody was served")
    until = time.monotonic() + PATIENCE_S
    while descriptors(server) > before and time.monotonic() < until:
        time.sleep(0.002)
    if (now := descriptors(server)) > before:
        wrong.append(f"{now - before} descriptors more than before")
    with peers.connect() as late:  # for whom there is room again
        late.sendall(peers.request)
        peers.expect(late, peers.reply)
    peers.good_client()
    peers.good.close()
    return None, wrong


def attack(workload, port, server):
    peers, wrong = Peers(workload, port), []
    before = descriptors(server)
    names = ["one_byte_at_a_time", "half_close", "reset_in_the_middle", "never_reads"]
    names += ["garbage", "oversized_header"] if peers.http else []
    names += ["reset_while_it_computes"] if peers.mixed else ["slow_reader"]
    for name in names:
        for act in (getattr(peers, name), peers.good_client):
            try:
                act()
            except (AssertionError, OSError) as error:
                wrong.append(f"{name}, then {act.__name__}: {type(error).__name__} {error}")
        until = time.monotonic() + PATIENCE_S
        while descriptors(server) > before and time.monotonic() < until:
            time.sleep(0.002)
        if (now := descriptors(server)) > before:
            wrong.append(f"{name}: {now - before} descriptors more than before")
    peers.good.close()
    return peers.opened, wrong


def drive_wrk(port):
    done = subprocess.run(
        [
            shutil.which("wrk"),
            "-c",
            "8",
            "-t",
            "1",
            "-d",
            "1s",
            "--latency",
            f"http://127.0.0.1:{port}/",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    wrong = [
        line.strip()
        for line in done.stdout.splitlines()
        if "Socket errors" in line or "Non-2xx" in line
    ]
    requests = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not requests or int(requests[1]) < 8:
        wrong.append(f"wrk exited with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return None, wrong


def main():
    workload, flags = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))
    server, *beside = map(int, os.read(int(flags["--go-fd"]), 256).split())
    OF_THE_HARNESS.update(beside)
    port, mode = int(flags["--port"]), os.environ["FAULT_MODE"]
    try:
        if mode == "wrk":
            opened, wrong = drive_wrk(port)
        else:
            opened, wrong = (attack if mode == "peers" else crowd)(workload, port, server)
    except Exception as error:  # noqa: BLE001: the test has to hear of it, whatever it is
        opened, wrong = None, [f"the stand-in: {type(error).__name__} {error}"]
    pathlib.Path(os.environ["FAULT_RESULT"]).write_text(
        json.dumps({"opened": opened, "wrong": wrong})
    )
    report = {
        "schema": 1,
        "window_ns": 1,
        "latency": None,
        "connections": 0,
        "verdict": "ok",
        "reason": "",
    }
    os.write(int(flags["--report-fd"]), json.dumps(report).encode())


main()
