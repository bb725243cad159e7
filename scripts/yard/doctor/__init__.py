# SPDX-License-Identifier: MIT
"""What on this machine spoils numbers, how much, and what mends it."""
