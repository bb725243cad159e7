# SPDX-License-Identifier: MIT
"""Plans, runs, judges and reports Switchyard's measurements."""
