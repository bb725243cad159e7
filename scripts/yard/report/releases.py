# SPDX-License-Identifier: MIT
"""When the libraries that the models are built on were released: a ranking of today should not
be read as one of a library of five years ago. By the name and version that a model gives; what
is not listed is said to be unknown."""

from __future__ import annotations

RELEASED = {
    "Boost 1.74": "August 2020",
    "Boost 1.81": "December 2022",
    "Boost 1.83": "August 2023",
    "CPython 3.11": "October 2022",
    "CPython 3.13": "October 2024",
    "Go 1.19": "August 2022",
    "Go 1.24": "February 2025",
    "libuv 1.44.2": "July 2022",
    "Node.js v18": "April 2022",
    "Node.js v20": "April 2023",
    "tokio 1.24.2": "January 2023",
}
WITHOUT_A_RELEASE = ("none", "C++ standard library")


def with_release(library: str) -> str:
    """`Boost.Asio 1.74` as `Boost.Asio 1.74 (August 2020)`."""
    if not library or library.startswith(WITHOUT_A_RELEASE) or "this project's" in library:
        return library
    name, version = _split(library)
    date = next(
        (
            date
            for key, date in RELEASED.items()
            if key.rsplit(" ", 1)[0] == name and _is_of(version, key.rsplit(" ", 1)[1])
        ),
        "release date unknown",
    )
    return f"{library} ({date})"


def _split(library: str) -> tuple[str, str]:
    name, _, version = library.split(",")[0].rpartition(" ")
    return ("Boost" if name.startswith("Boost.") else name), version


def _is_of(version: str, series: str) -> bool:
    """3.11.2 is of 3.11, and 1.7 is not of 1.74."""
    return version == series or version.startswith(series + ".")
