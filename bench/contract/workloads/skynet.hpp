// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// A tree with `leaves` leaves in which each node forks `fan_out` children (fewer only where fewer
/// leaves are left), which share its range of leaves evenly: almost no work, many tasks, wide. Leaf
/// i is worth `kernel::mix(seed ^ i)`; a node the wrap-around sum of its children
/// (`kernel::skynet_tree`). A node with at most `grain` leaves is one task. Every node is a task of
/// its own, with the exceptions that `fib` names.
struct skynet {
    static constexpr std::string_view name = "skynet";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t leaves = 100'000;
        std::uint64_t fan_out = 10;
        std::uint64_t grain = 1;
    };
    static constexpr std::array fields{
        field<params>{"leaves", &params::leaves, 1, 1'000'000'000, "leaves of the tree"},
        field<params>{"fan_out", &params::fan_out, 2, 16, "children a node"},
        field<params>{"grain", &params::grain, 1, 1'000'000'000, "leaves that one task takes"},
    };

    struct outcome {
        std::uint64_t sum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"sum", &outcome::sum},
    };
};

} // namespace contract
