# SPDX-License-Identifier: MIT
"""The regression gate: rule (the decisions), gate (one job), simulate (its proof)."""
