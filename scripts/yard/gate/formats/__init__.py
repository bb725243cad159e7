# SPDX-License-Identifier: MIT
"""What other people's benchmark programs print: one file per format, and `registry` with all of
them."""
