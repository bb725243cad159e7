# SPDX-License-Identifier: MIT
"""Example 1: synchronous. One fetch after the other; while one waits, nobody runs."""

import time

from timeline import Timeline

timeline = Timeline()


def fetch_data(name, seconds):
    timeline.waits(name, f"fetches for {seconds} s")
    time.sleep(seconds)
    timeline.ended(name, "has its data")
    return f"data of {name}"


def main():
    timeline.runs("main", "calls first, then second")
    first = fetch_data("first", 0.4)
    second = fetch_data("second", 0.2)
    timeline.ended("main", f"got {first} and {second}")
    timeline.draw()


main()
