# SPDX-License-Identifier: MIT
"""switchyard site: pages of many runs, machines and commits, in one folder that opens without a
server."""
