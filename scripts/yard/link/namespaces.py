# SPDX-License-Identifier: MIT
"""Two network namespaces and a veth pair between them. They have no names and belong to two
processes that end with this one, however it ends; with them goes all that is in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import Iterator, Sequence

from yard.link.child_pipe import given
from yard.link.link_end import LinkMissing
from yard.link.link_request import LinkRequest

INTERFACE = "switchyard0"
# Addresses that nobody else sees: a namespace has no way to another network.
SERVER, CLIENT, PREFIX = "10.77.0.1", "10.77.0.2", 16
# The load generator of `accept` takes these in turn: the ports of one would soon all be waiting.
SOURCES, SOURCE_RANGE = "10.77.1.0+64", "10.77.1.0/26"
TOOLS = {"ip": "iproute2", "tc": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
MOST_QUEUED = 100_000  # packets that netem delays at the same time


class Holder:
    """A process in a namespace of its own, which it keeps until its standard input ends."""

    def __init__(self, command: Sequence[str]):
        self._child = subprocess.Popen(
            [*command, "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            given(self._child.stdin).write(b"there\n")
            given(self._child.stdin).flush()
            answer = given(self._child.stdout).readline()
        except OSError:
            answer = b""
        if answer != b"there\n":
            why = given(self._child.stderr).read().decode(errors="replace").strip()
            self.close()
            raise LinkMissing(f"this machine makes no network namespace: {why}")

    @property
    def pid(self) -> int:
        return self._child.pid

    def close(self) -> None:
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            with contextlib.suppress(OSError):
                given(pipe).close()
        self._child.wait()


class Namespaces:
    """`server` and `client` are words that put a command into one of them."""

    def __init__(self, server: Holder, client: Holder, own_user_namespace: bool):
        self._into = ("-U", "--preserve-credentials", "-n") if own_user_namespace else ("-n",)
        self._pids = {"server": server.pid, "client": client.pid}
        self.server, self.client = self._words(server), self._words(client)

    def _words(self, holder: Holder) -> tuple[str, ...]:
        return ("nsenter", "-t", str(holder.pid), *self._into, "--")

    def connect(self, asked: LinkRequest) -> None:
        pair = ["ip", "link", "add", INTERFACE, "type", "veth"]
        pair += ["peer", "name", INTERFACE, "netns", str(self._pids["client"])]
        _do([*self.server, *pair], "no veth pair", "modprobe veth")
        for into, address in ((self.server, SERVER), (self.client, CLIENT)):
            for words in (
                # The pulse of a cell measures round trips over the loopback device.
                ["ip", "link", "set", "lo", "up"],
                ["ip", "address", "add", f"{address}/{PREFIX}", "dev", INTERFACE],
                ["ip", "link", "set", INTERFACE, "up"],
            ):
                _do([*into, *words], f"no {' '.join(words[1:3])}", "")
            _shape(into, asked)
        local = ["ip", "route", "add", "local", SOURCE_RANGE, "dev", "lo"]
        _do([*self.client, *local], "no local route", "")


def _shape(into: Sequence[str], asked: LinkRequest) -> None:
    """Each direction is shaped where it leaves."""
    queue = ["tc", "qdisc", "add", "dev", INTERFACE, "root"]
    if asked.delay or asked.loss:
        words = ["netem", "limit", str(MOST_QUEUED)]
        words += ["delay", asked.delay] if asked.delay else []
        words += ["loss", asked.loss] if asked.loss else []
        words += ["rate", asked.rate] if asked.rate else []
        _do([*into, *queue, *words], "no qdisc netem (delay, loss)", "modprobe sch_netem")
    elif asked.rate_bit_s:
        # A burst of 4 ms, and never less than one segment that was not cut.
        burst = max(65_536 + 1_500, asked.rate_bit_s // 8 // 250)
        words = ["tbf", "rate", asked.rate, "burst", str(burst), "latency", "50ms"]
        _do([*into, *queue, *words], "no qdisc tbf (rate)", "modprobe sch_tbf")


def _do(command: Sequence[str], lacks: str, next_step: str) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[0]
        remedy = f"; as root: {next_step}" if next_step else ""
        raise LinkMissing(f"this kernel has {lacks}: {said}{remedy}")


@contextlib.contextmanager
def connected(asked: LinkRequest) -> Iterator[Namespaces]:
    """As root, or where that is allowed in a user namespace of its own."""
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            raise LinkMissing(f"{tool} is not installed: sudo apt-get install {package}")
    with contextlib.ExitStack() as open_until_the_end:

        def hold(*command: str) -> Holder:
            holder = Holder(command)
            open_until_the_end.callback(holder.close)
            return holder

        own_user_namespace = False
        try:
            if os.geteuid() != 0:
                raise LinkMissing("not root")
            server, client = hold("unshare", "-n"), hold("unshare", "-n")
        except LinkMissing:
            own_user_namespace = True
            server = hold("unshare", "-r", "-n")
            into = ("nsenter", "-t", str(server.pid), "-U", "--preserve-credentials", "--")
            client = hold(*into, "unshare", "-n")
        made = Namespaces(server, client, own_user_namespace)
        made.connect(asked)
        yield made
