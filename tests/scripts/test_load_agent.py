# SPDX-License-Identifier: MIT
"""The agent of the load generator: who is let in, and who is not."""

import contextlib
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

import fakes
from process_watch import cmdline, family
from yard import errors
from yard.link.link_end import TOKEN
from yard.link.load_agent import LoadAgent

AGENT = fakes.REPOSITORY / "build" / "release" / "bin" / "switchyard-agent"
pytestmark = pytest.mark.skipif(
    not AGENT.exists(), reason="not built: scripts/build release switchyard-agent"
)


@contextlib.contextmanager
def agent():
    one = LoadAgent([str(AGENT), "serve", "--listen", "127.0.0.1"], "here")
    try:
        yield one
    finally:
        one.close()


def knock(port, text):
    """All that the agent says before it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as door:
        with contextlib.suppress(OSError):  # it may have closed already
            door.sendall(text)
            door.shutdown(socket.SHUT_WR)
        said = b""
        with contextlib.suppress(ConnectionError):
            while more := door.recv(4096):
                said += more
        return said


def request(token, **more):
    asked = {"schema": 1, "token": token, "program": "client", "arguments": []}
    return json.dumps({**asked, "cpus": [], "boot_id": "", **more}).encode() + b"\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"{}\n",
        b'{"token": null}\n',
        b'{"token": ["a"]}\n',
        b"[1, 2]\n",
        b"\xff\xfe\x00\n",
        b"x" * 70_000,
        request(""),
        request("0" * 64),
        request("0" * 63),
    ],
    ids=lambda text: f"{len(text)} bytes {text[:12]!r}",
)
def test_nobody_is_let_in_without_the_token(text):
    with agent() as one:
        assert knock(one.hello["port"], text) == b""
        assert not family(one.pid) and one.is_alive


def test_the_token_opens_the_door_while_strangers_wait():
    with agent() as one, contextlib.ExitStack() as strangers:
        for _ in range(30):
            door = socket.create_connection(("127.0.0.1", one.hello["port"]), timeout=30)
            strangers.enter_context(door).sendall(b'{"token"')
        said = knock(one.hello["port"], request(one.token, program="sh"))
        assert b"there is no program 'sh'" in said
        said = knock(one.hello["port"], request(one.token, program="client", arguments=7))
        assert b"refused" in said
        words = [str(AGENT), "look", "--address", "127.0.0.1"]
        words += ["--agent", f"127.0.0.1:{one.hello['port']}"]
        for token, code in ((one.token, 0), ("1" * 64, errors.HARNESS), ("", errors.USAGE)):
            done = subprocess.run(words, env={**os.environ, TOKEN: token}, capture_output=True)
            assert done.returncode == code, done.stderr


def test_an_agent_listens_on_one_port_and_ends_with_its_launcher():
    with agent() as one:
        own = {os.readlink(file) for file in Path(f"/proc/{one.pid}/fd").iterdir()}
        rows = [line.split() for line in Path(f"/proc/{one.pid}/net/tcp").read_text().splitlines()]
        listening = [r[1] for r in rows if f"socket:[{r[9]}]" in own and r[3] == "0A"]
        assert listening == [f"0100007F:{one.hello['port']:04X}"]
    assert not one.is_alive


def test_a_token_never_stands_on_a_command_line():
    with agent() as one:
        assert one.token.encode() not in cmdline(one.pid)
        assert one.token.encode() not in Path(f"/proc/{one.pid}/environ").read_bytes()


def test_many_strangers_do_not_stop_it():
    """It notes each of them: a pipe that nobody reads would be full after a while."""
    with agent() as one:
        assert not os.readlink(f"/proc/{one.pid}/fd/2").startswith("pipe:")
