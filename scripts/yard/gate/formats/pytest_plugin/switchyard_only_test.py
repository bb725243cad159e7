# SPDX-License-Identifier: MIT
"""A plugin of pytest: only the test whose whole name SWITCHYARD_ONLY_TEST gives. -k knows no
exact names."""

import os

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    only = os.environ.get("SWITCHYARD_ONLY_TEST")
    if only:
        others = [item for item in items if item.nodeid != only]
        items[:] = [item for item in items if item.nodeid == only]
        config.hook.pytest_deselected(items=others)
