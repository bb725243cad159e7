# SPDX-License-Identifier: MIT
"""What `--link` and `--client-host` ask for."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Mapping

from yard.errors import UsageError

NETNS, HOST = "netns", "host"
RATE = re.compile(r"([0-9]+)(kbit|mbit|gbit)")
DELAY = re.compile(r"([0-9]+)(us|ms)")
LOSS = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
FACTOR = {"kbit": 10**3, "mbit": 10**6, "gbit": 10**9, "us": 1, "ms": 1000}
# A control connection counts as lost after five seconds of silence.
MOST_DELAY_US, MOST_LOSS_PERCENT, LEAST_RATE_BIT_S = 1_000_000, 20.0, 10**5
# What a host may be called on ssh's command line: nothing that could be one of its flags.
HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@:-]*")


@dataclass(frozen=True)
class LinkRequest:
    kind: str
    text: str  # as it was given
    rate: str = ""
    delay: str = ""
    loss: str = ""
    host: str = ""
    address: str = ""  # of the host, on the link
    build: str = ""  # its build folder; "": where this one's is

    @property
    def flag(self) -> str:
        return "--link" if self.kind == NETNS else "--client-host"

    @property
    def rate_bit_s(self) -> int | None:
        match = RATE.fullmatch(self.rate)
        return int(match[1]) * FACTOR[match[2]] if match else None

    @property
    def settings(self) -> str:
        """`,rate=1gbit,delay=1ms`, as far as they were given."""
        shown = {"rate": self.rate, "delay": self.delay, "loss": self.loss}
        return "".join(f",{name}={value}" for name, value in shown.items() if value)

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "text": self.text}


def of_plan(value: Mapping[str, Any]) -> LinkRequest:
    return (parse_link if value["kind"] == NETNS else parse_host)(value["text"])


def parse_link(text: str) -> LinkRequest:
    """`netns[,rate=1gbit][,delay=1ms][,loss=0.1%]`: both directions get them."""
    kind, *rest = text.split(",")
    if kind != NETNS:
        raise UsageError(f"--link: '{kind}' is no kind of link: there is {NETNS}")
    found = _settings("--link", rest, ("rate", "delay", "loss"))
    if rate := found.get("rate"):
        match = RATE.fullmatch(rate)
        if not match or int(match[1]) * FACTOR[match[2]] < LEAST_RATE_BIT_S:
            raise UsageError(f"--link: rate={rate}: 100kbit at least, as in 100mbit or 1gbit")
    if delay := found.get("delay"):
        match = DELAY.fullmatch(delay)
        if not match or not 0 < int(match[1]) * FACTOR[match[2]] <= MOST_DELAY_US:
            raise UsageError(f"--link: delay={delay}: 1us to 1000ms, one way")
    if loss := found.get("loss"):
        match = LOSS.fullmatch(loss)
        if not match or not 0 < float(match[1]) <= MOST_LOSS_PERCENT:
            raise UsageError(f"--link: loss={loss}: a share of at most 20%, as in 0.1%")
    return LinkRequest(NETNS, text, **found)


def parse_host(text: str) -> LinkRequest:
    """`[USER@]HOST[,address=10.0.0.2][,build=/srv/switchyard/build/release]`"""
    host, *rest = text.split(",")
    if not HOST_NAME.fullmatch(host):
        raise UsageError(f"--client-host: '{host}' cannot be a host's name")
    found = _settings("--client-host", rest, ("address", "build"))
    if address := found.get("address"):
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            raise UsageError(f"--client-host: '{address}' is no IPv4 address") from None
    if (build := found.get("build")) and not build.startswith("/"):
        raise UsageError(f"--client-host: build={build}: the path must be absolute, as it is there")
    return LinkRequest(HOST, text, host=host, **found)


def _settings(flag: str, words: list[str], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in known or not equals or not value:
            shown = ", ".join(f"{one}=..." for one in known)
            raise UsageError(f"{flag}: '{word}' is not one of {shown}")
        if name in found:
            raise UsageError(f"{flag}: {name} is given twice")
        found[name] = value
    return found
