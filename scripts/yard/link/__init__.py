# SPDX-License-Identifier: MIT
"""The way from a server to a load generator that is not beside it: network namespaces of this
machine, or another host."""
