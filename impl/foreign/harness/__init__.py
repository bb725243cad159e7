# SPDX-License-Identifier: MIT
"""The cell main of models in other languages: obeys docs/protocol.md, and has a worker of any language do the work."""
