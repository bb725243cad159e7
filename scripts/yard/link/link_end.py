# SPDX-License-Identifier: MIT
"""What a cell's process must be given so that its other end stands at the other end of a link."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Mapping

from yard.errors import YardError

TOKEN = "SWITCHYARD_AGENT_TOKEN"  # in its environment: command lines can be read by everybody


class LinkMissing(YardError):
    """This machine, or the other one, cannot make the link: nothing is measured."""

    def __init__(self, why: str):
        super().__init__(f"skipped: {why}")


@dataclass(frozen=True)
class LinkEnd:
    before: tuple[str, ...]  # words before its command: into a network namespace
    address: str
    agent: str
    token: str = field(repr=False)

    @property
    def flags(self) -> list[str]:
        return ["--link-address", self.address, "--agent", self.agent]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, TOKEN: self.token}
