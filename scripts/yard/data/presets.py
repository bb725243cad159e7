# SPDX-License-Identifier: MIT
"""The names of the presets. Their points stand in the oracles."""

PRESETS = ("smoke", "quick", "full")
