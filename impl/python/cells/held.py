# SPDX-License-Identifier: MIT
"""The servers of echo, asked for little on many connections."""

from .echo import make  # noqa: F401
