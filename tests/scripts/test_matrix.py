# SPDX-License-Identifier: MIT
from __future__ import annotations

import re
from pathlib import Path

from yard.data import models
from yard.text import matrix

BENCH = Path(__file__).parents[2] / "bench"


def test_no_program_of_the_harness_is_asked_what_it_offers():
    """Whatever lies beside the models and is called as they are is taken for one, unless it is
    known."""
    text = "".join(file.read_text() for file in BENCH.rglob("CMakeLists.txt"))
    programs = set(re.findall(r"add_executable\(switchyard-(\w+)", text))
    assert "client" in programs and "self" in programs  # a model of the harness's own
    assert programs - {"self"} <= models.RIG


def test_more_models_than_fit_side_by_side_keep_their_whole_names():
    names = [f"model_{i:02}_with_a_long_name" for i in range(9)]
    variants = ["epoll_edge_triggered", "io_uring"]
    table = {
        "models": {name: {"foreign": False} for name in names},
        "workloads": {w: {"group": "io_bound"} for w in ("fetch_data", "echo")},
        "cells": [
            {"model": name, "workload": w, "variant": v, "declined": None}
            for name in names
            for w in ("fetch_data", "echo")
            for v in variants
        ],
        "holes": [],
        "not_built": {},
    }
    text = matrix.matrix_text(table)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100 and "…" not in text
    assert [
        word for line in lines if line.startswith("workload") for word in line.split()[1:]
    ] == names
    assert text.count("epoll_edge_triggered") == text.count("io_uring") == 2 * len(names)
