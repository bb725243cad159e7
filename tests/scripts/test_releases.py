# SPDX-License-Identifier: MIT
"""The age of a library stands beside its name."""

import pytest

from yard.report.releases import with_release


@pytest.mark.parametrize(
    "library, shown",
    [
        ("Boost.Asio 1.74", "Boost.Asio 1.74 (August 2020)"),
        ("Boost.Fiber 1.81", "Boost.Fiber 1.81 (December 2022)"),
        ("libuv 1.44.2", "libuv 1.44.2 (July 2022)"),
        ("CPython 3.11.2", "CPython 3.11.2 (October 2022)"),
        ("Go 1.19.8", "Go 1.19.8 (August 2022)"),
        ("tokio 1.24.2, rustc 1.63.0", "tokio 1.24.2, rustc 1.63.0 (January 2023)"),
        ("libuv 1.4", "libuv 1.4 (release date unknown)"),
        ("strand 1.0", "strand 1.0 (release date unknown)"),
        ("none", "none"),
        ("C++ standard library, POSIX threads", "C++ standard library, POSIX threads"),
        ("siding 0.1, this project's", "siding 0.1, this project's"),
        ("", ""),
    ],
)
def test_the_release_is_shown_where_it_is_known(library, shown):
    assert with_release(library) == shown
