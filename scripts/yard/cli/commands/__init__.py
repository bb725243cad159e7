# SPDX-License-Identifier: MIT
"""One module a command, each exporting `command`; cli.py finds them."""
