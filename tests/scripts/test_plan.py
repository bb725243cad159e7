# SPDX-License-Identifier: MIT
"""The plan is a pure function: order, budgets, choices, refusals."""

import itertools
from collections import Counter

import pytest

import fakes
from yard.data import models, schema
from yard.engine import plan
from yard.errors import UsageError


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return models.discover(
        fakes.build(tmp_path_factory.mktemp("build"), "steady", "twofold", "liar")
    )


def make(found, cpus=(0, 1), **options):
    return plan.make(found, plan.Options(**options), cpus, "run")


def jobs(made, round):
    return [
        (p["model"], p["variant"], p["workload"], p["point"])
        for p in made["processes"]
        if p["round"] == round
    ]


def test_the_same_seed_makes_the_same_plan(found):
    assert make(found, seed=3) == make(found, seed=3)
    assert make(found, seed=3)["processes"] != make(found, seed=4)["processes"]
    assert not schema.violation("plan", make(found))


def test_rounds_are_interleaved_complete_and_shuffled(found):
    made = make(found, seed=3, rounds=7)
    numbers = [p["round"] for p in made["processes"]]
    assert numbers == sorted(numbers) and set(numbers) == set(range(7))
    rounds = [jobs(made, r) for r in range(7)]
    assert all(Counter(r) == Counter(rounds[0]) for r in rounds)
    assert len(rounds[0]) == 9  # steady 2, liar 2, twofold 2 x 2 and its server
    assert len({tuple(r) for r in rounds}) > 1
    assert [p["order"] for p in made["processes"] if p["round"] == 2] == list(range(9))


def test_contenders_of_a_point_are_neighbours_in_time_in_an_order_of_their_own(found):
    made = make(found, seed=3, rounds=7)
    orders = set()
    for round in range(7):
        block_of_each = [
            (p["workload"], tuple(p["params"].items()))
            for p in made["processes"]
            if p["round"] == round
        ]
        blocks = [block for block, _ in itertools.groupby(block_of_each)]
        assert len(blocks) == len(set(blocks)) < len(block_of_each)
        orders.add(tuple(blocks))
        orders.add(tuple(p["model"] for p in made["processes"] if p["round"] == round))
    assert len(orders) > 4  # neither the blocks nor the contenders in one stand in one order


def test_a_round_has_one_seed_for_all_and_another_than_the_next(found):
    made = make(found, rounds=7)
    seeds = [{p["seed"] for p in made["processes"] if p["round"] == r} for r in range(7)]
    assert all(len(s) == 1 for s in seeds) and len(set.union(*seeds)) == 7


def test_the_environment_offset_varies(found):
    paddings = [p["padding_bytes"] for p in make(found, rounds=7)["processes"]]
    assert len(set(paddings)) > 10 and max(paddings) < plan.MOST_PADDING_BYTES


@pytest.mark.parametrize("preset, rounds", [("smoke", 1), ("quick", 60), ("full", 15)])
def test_rounds_follow_the_preset(found, preset, rounds):
    assert make(found, preset=preset)["rounds"] == rounds
    assert make(found, preset=preset, rounds=2)["rounds"] == 2


def test_budgets_are_equal_within_a_workload(found):
    for workload, cpus in (("count", [4, 5, 6]), ("serve", [4, 5])):
        given = [
            (p["workers"], p["cpus"], p["client_cpus"])
            for p in make(found, cpus=(4, 5, 6))["processes"]
            if p["workload"] == workload
        ]
        assert all(g == (len(cpus), cpus, [6]) for g in given) and given


@pytest.mark.parametrize(
    "described, cpus",
    [
        ({"role": "batch"}, [4, 5, 6]),
        ({"role": "batch", "other_end": False}, [4, 5, 6]),
        ({"role": "batch", "other_end": True}, [4, 5]),
        ({"role": "server"}, [4, 5]),
        ({"role": "client"}, [4, 5]),
    ],
)
def test_the_other_end_has_a_cpu(described, cpus):
    assert plan.budget(described, (4, 5, 6), None) == {
        "workers": len(cpus),
        "cpus": cpus,
        "client_cpus": [6],
    }


def test_one_cpu_is_shared_and_marked(found):
    made = make(found, cpus=(3,))
    assert made["shared_cpu"] and all(
        p["cpus"] == [3] == p["client_cpus"] for p in made["processes"]
    )
    assert not make(found)["shared_cpu"]
    assert not make(found, cpus=(3,), workloads=("count",))["shared_cpu"]


@pytest.mark.parametrize(
    "options, text",
    [
        ({"models": ("stedy",)}, "did you mean steady?"),
        ({"workloads": ("cout",)}, "did you mean count?"),
        ({"variants": ("lefd",)}, "did you mean left?"),
        ({"preset": "quik"}, "did you mean quick?"),
        ({"set": {"itens": 3}}, "did you mean items"),
        ({"set": {"items": 1001}}, "1 to 1000"),
        ({"set": {"items": 5}, "workloads": ("serve",)}, "serve has no such field"),
        ({"cells": ("steady/cont",)}, "steady/count"),
        ({"models": ("steady",), "workloads": ("serve",)}, "nothing is left"),
    ],
)
def test_mistyped_names_are_told_with_the_next_step(found, options, text):
    with pytest.raises(UsageError) as error:
        make(found, **options)
    assert text in str(error.value) and error.value.code == 64


@pytest.mark.parametrize(
    "options, cells",
    [
        ({"variants": ("left",)}, {"twofold/left"}),
        ({"cells": ("twofold/count/*",)}, {"twofold/left", "twofold/right"}),
        ({"cells": ("twofold/count",)}, {"twofold/left", "twofold/right"}),
        ({"cells": ("*/count/right", "steady/*")}, {"twofold/right", "steady/"}),
        ({"set": {"items": 9}}, {"twofold/left", "twofold/right", "steady/", "liar/"}),
    ],
)
def test_choices(found, options, cells):
    made = make(found, **options)
    assert {f"{c['model']}/{c['variant']}" for c in made["cells"]} == cells


def test_quick_is_what_answers_a_question_unless_more_is_named(found):
    def workloads(**options):
        return {cell["workload"] for _, cell in plan.selected(found, plan.Options(**options))}

    assert workloads() == {"count", "serve"}  # a build of an earlier version, which does not say
    found.workloads["count"] = {
        **found.workloads["count"],
        "in_report": {"question": "computing", "headline": "throughput"},
    }
    assert workloads() == {"count"}
    for remark in (
        {"preset": "smoke"},
        {"preset": "full"},
        {"workloads": ("all",)},
        {"cells": ("twofold/*",)},
    ):
        assert workloads(**remark) == {"count", "serve"}
    assert workloads(workloads=("serve",)) == {"serve"}


def test_points_that_set_makes_equal_are_measured_once(found):
    made = make(found, models=("steady",), set={"items": 9}, rounds=1)
    assert [(p["point"], p["params"]) for p in made["processes"]] == [(0, {"items": 9})]


def test_an_unoptimised_build_is_refused(tmp_path):
    found = models.discover(fakes.build(tmp_path, "unoptimised", "steady"))
    with pytest.raises(UsageError, match="unoptimised is a debug build"):
        make(found)
    assert make(found, models=("steady",))["unoptimised"] is False
    assert make(found, allow_unoptimised=True)["unoptimised"] is True


def test_an_adaptive_plan_lists_one_round_and_draws_the_others_as_a_fixed_one_does(found):
    adaptive, fixed = make(found, time_budget_s=60.0, seed=3), make(found, rounds=7, seed=3)
    assert adaptive["adaptive"] and not fixed["adaptive"]
    assert {p["round"] for p in adaptive["processes"]} == {0}
    for round in range(7):
        drawn = plan.round_of(adaptive, round)
        assert drawn == plan.round_of(adaptive, round)
        assert Counter(place(p) for p in drawn) == Counter(
            place(p) for p in fixed["processes"] if p["round"] == round
        )
        assert {p["seed"] for p in drawn} == {p["seed"] for p in plan.round_of(fixed, round)}
    orders = {tuple(map(place, plan.round_of(adaptive, round))) for round in range(7)}
    assert len(orders) == 7


def place(process):
    return plan.place_of(process), process["model"], process["variant"]


def test_a_folder_without_models_is_reported(tmp_path):
    (tmp_path / "bin").mkdir()
    with pytest.raises(UsageError, match="cmake --preset release"):
        models.discover(tmp_path)


def test_a_model_that_was_not_built_is_known_by_name(tmp_path):
    build = fakes.build(tmp_path, "steady")
    (build / "models").mkdir()
    (build / "models" / "fiber.json").write_text(
        '{"schema": 1, "model": "fiber", "skipped": "Boost::fiber was not found", "install": "apt-get install x"}'
    )
    found = models.discover(build)
    with pytest.raises(UsageError, match="fiber was not built.*apt-get install x"):
        make(found, models=("fiber",))
