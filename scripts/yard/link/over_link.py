# SPDX-License-Identifier: MIT
"""A link that is up: what it is, and how a cell's process reaches its other end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import socket
import subprocess
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from yard.errors import NotComparable, UsageError
from yard.link import namespaces
from yard.link.link_end import LinkEnd, LinkMissing
from yard.link.link_request import NETNS, LinkRequest
from yard.link.load_agent import EXECUTABLE, LoadAgent

SSH = "SWITCHYARD_SSH"  # what starts a command on another host: `$SWITCHYARD_SSH HOST COMMAND`
DEFAULT_SSH = "ssh -T -o BatchMode=yes"


class OverLink:
    """`agent_command` starts an agent at the other end, `before` puts a command at this end."""

    def __init__(
        self,
        asked: LinkRequest,
        own: str,
        other: str,
        before: Sequence[str],
        agent_command: Sequence[str],
        bin_folder: Path,
    ):
        self.asked, self._own, self._other = asked, own, other
        self._before, self._command = tuple(before), list(agent_command)
        self._look = str(bin_folder / EXECUTABLE)
        self._agent = LoadAgent(self._command, self._where)
        try:
            self.facts = self._facts()
        except BaseException:
            self._agent.close()
            raise

    @property
    def _where(self) -> str:
        return f"on {self.asked.host}" if self.asked.host else "in the other namespace"

    def end(self) -> LinkEnd:
        """For the next process. An agent that has died is started again; where that fails, the
        cells say so."""
        if not self._agent.is_alive:
            self._agent.close()
            with contextlib.suppress(LinkMissing):
                self._agent = LoadAgent(self._command, self._where)
        endpoint = f"{self._other}:{self._agent.hello['port']}"
        return LinkEnd(self._before, self._own, endpoint, self._agent.token)

    @property
    def agent_pid(self) -> int:
        """Of what was started here: the agent itself, or the way to another host."""
        return self._agent.pid

    def close(self) -> None:
        self._agent.close()

    def _facts(self) -> dict[str, Any]:
        end = self.end()
        words = [*end.before, self._look, "look", "--address", end.address, "--agent", end.agent]
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=dict(end.environment()),
        )
        if done.returncode != 0:
            raise LinkMissing(
                (done.stderr.strip() or "the link cannot be measured").splitlines()[0]
            )
        return facts_of(self.asked, json.loads(done.stdout), self._agent.hello)


def facts_of(
    asked: LinkRequest, seen: Mapping[str, Any], hello: Mapping[str, Any]
) -> dict[str, Any]:
    """`link` of meta.json. The name is what must be equal before two figures may be compared."""
    ends = {"server": seen["interface"] or {}, "client": hello["interface"] or {}}
    mtu = min((end["mtu"] for end in ends.values() if end.get("mtu")), default=None)
    speeds = [end["speed_mbit_s"] for end in ends.values() if end.get("speed_mbit_s")]
    rate = asked.rate_bit_s or (min(speeds) * 10**6 if speeds else None)
    digest = hashlib.sha256(json.dumps(ends, sort_keys=True).encode()).hexdigest()[:6]
    kind = asked.kind if asked.kind == NETNS else f"{asked.kind}:{hello['host']}"
    return {
        "name": f"{kind}{asked.settings},mtu={mtu or 'unknown'},interfaces={digest}",
        "kind": asked.kind,
        "request": asked.as_json(),
        "round_trip": dict(seen["round_trip"]),
        "rate_bit_s": rate,
        "mtu": mtu,
        "server": {"interface": ends["server"]},
        "client": {
            "interface": ends["client"],
            **{name: hello.get(name) for name in ("host", "architecture", "kernel")},
        },
    }


@contextlib.contextmanager
def opened(asked: LinkRequest, bin_folder: Path) -> Iterator[OverLink]:
    """Up inside of the block, and gone without a trace after it."""
    if not os.access(bin_folder / EXECUTABLE, os.X_OK):
        raise UsageError(
            f"{bin_folder / EXECUTABLE} is missing: scripts/build release {EXECUTABLE}"
        )
    with contextlib.ExitStack() as until_the_end:
        if asked.kind == NETNS:
            pair = until_the_end.enter_context(namespaces.connected(asked))
            serve = [str(bin_folder / EXECUTABLE), "serve", "--listen", namespaces.CLIENT]
            serve += ["--source-addresses", namespaces.SOURCES]
            found = OverLink(
                asked,
                namespaces.SERVER,
                namespaces.CLIENT,
                pair.server,
                [*pair.client, *serve],
                bin_folder,
            )
        else:
            other = asked.address or _resolved(asked.host)
            there = Path(asked.build or bin_folder.parent.resolve()) / "bin" / EXECUTABLE
            serve = ["exec", str(there), "serve", "--listen", other]
            ssh = shlex.split(os.environ.get(SSH, DEFAULT_SSH))
            own = _own_address(other)
            command = [*ssh, asked.host, shlex.join(serve)]
            found = OverLink(asked, own, other, (), command, bin_folder)
        until_the_end.callback(found.close)
        yield found


def must_be_the_same(found: OverLink, meta: Mapping[str, Any]) -> None:
    before = (meta.get("link") or {}).get("name")
    if before != found.facts["name"]:
        raise NotComparable(
            f"the link was {before} and is {found.facts['name']} now; start a new run"
        )


def _resolved(host: str) -> str:
    name = host.rpartition("@")[2]
    try:
        return socket.gethostbyname(name)
    except OSError as error:
        raise UsageError(
            f"--client-host: {name}: {error.strerror or error}; name its address on the link: "
            f"--client-host {host},address=A.B.C.D"
        ) from None


def _own_address(other: str) -> str:
    """The address of this machine from which the other one is reached. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((other, 9))
        except OSError as error:
            raise LinkMissing(f"there is no way to {other}: {error.strerror or error}") from None
        return str(probe.getsockname()[0])
