# SPDX-License-Identifier: MIT
"""The pulse as a control variate: it takes away what it foretells, nothing otherwise, and never
invents a difference."""

import copy
import functools
import math

import numpy as np
import pytest

import fake_runs
from yard.data.facts import METRIC
from yard.report import assemble, html_page, markdown_page, pulse
from yard.stats import control_variate, inference

ROUNDS = 10
DRAWS = 400
NOISES = {
    "quiet": lambda random, n: random.normal(0, 0.01, n),
    "heavy-tailed": lambda random, n: random.standard_t(2, n) * 0.02,
    "bimodal": lambda random, n: random.choice([0.0, 0.7], n) + random.normal(0, 0.02, n),
    "bursty": lambda random, n: (random.random(n) < 0.15) * random.exponential(0.5, n)
    + random.normal(0, 0.02, n),
}


def copies(random, noise, coupling):
    """Two copies of one model: what a slot's machine does to both value and pulse has `coupling`
    to each."""
    machine = [noise(random, ROUNDS) for _ in range(2)]
    own = [random.normal(0, 0.02, ROUNDS) for _ in range(2)]
    beats = [m + random.normal(0, 0.02, ROUNDS) for m in machine]
    values = [coupling * m + o for m, o in zip(machine, own)]
    return values[0] - values[1], beats[0] - beats[1]


def separated(ratios):
    interval = inference.signed_rank_interval(list(ratios))
    return interval.low > 0 or interval.high < 0


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("coupling", [0.0, 1.0])
def test_two_copies_of_a_model_stay_two_copies(noise, coupling):
    random = np.random.default_rng(7)
    raw = adjusted = 0
    for _ in range(DRAWS):
        ratios, pulse = copies(random, NOISES[noise], coupling)
        raw += separated(ratios)
        adjusted += separated(control_variate.adjusted(ratios, pulse))
    print(f"{noise}, coupling {coupling}: {raw} raw and {adjusted} adjusted of {DRAWS}")
    # 5 % are 20; three standard deviations of that are 13.
    assert raw <= 33 and adjusted <= 33


def test_exchanged_contenders_exchange_the_sign_and_nothing_else():
    ratios, pulse = copies(np.random.default_rng(3), NOISES["bimodal"], 1.0)
    there = control_variate.adjusted(ratios, pulse)
    assert np.allclose(control_variate.adjusted(-ratios, -pulse), -there)


@functools.cache
def realistic():
    return fake_runs.realistic()


def run_with_pulse(coupling):
    run = copy.deepcopy(realistic())
    random = np.random.default_rng(5)
    slots = {}
    for number, sample in enumerate(run.samples):
        at = (sample["model"], sample["variant"], sample["workload"], sample["round"])
        at += (str(sample["params"]),)
        if at not in slots:
            slots[at] = random.normal(0, 0.5)
        slow = slots[at]
        if sample.get("run_ns"):
            sample["run_ns"] = int(sample["run_ns"] * math.exp(coupling * slow))
        beat = {part: int(1e6 * math.exp(slow)) for part in control_variate.PARTS}
        sample.update(pulse_before=beat, pulse_after=beat, started_ns=1 + number * 10**9)
    return run


def test_what_the_pulse_foretells_is_removed_and_nothing_otherwise():
    metric = METRIC.time_per_unit_ns
    with_it = control_variate.removed(run_with_pulse(1.0).samples, [metric])
    without = control_variate.removed(run_with_pulse(0.0).samples, [metric])
    assert with_it and all(found.share > 0.8 for found in with_it)
    assert without and all(found.share < 0.2 for found in without)
    assert not control_variate.removed(realistic().samples, [metric])


def test_the_report_draws_the_pulse_over_the_run():
    run = run_with_pulse(1.0)
    run.samples[0]["verdict"] = "disturbed"
    report = assemble.build(run)
    page = html_page.render(report)
    assert 'aria-label="Pulse of the machine over the run"' in page
    assert "disturbed: 1 of " in page and "of the variance" in markdown_page.render(report)
    assert pulse.pulse(realistic().samples) is None
