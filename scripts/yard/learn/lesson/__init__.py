# SPDX-License-Identifier: MIT
"""switchyard lesson: the words of concurrency, each run before the reader's eyes, and what is said of them, measured."""
