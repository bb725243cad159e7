// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// How many ways are there to place `queens` queens on a board so that none attacks another? A node
/// of the tree is a board whose first rows are filled; its children are the boards with one more
/// queen in the next row that is attacked by none (`kernel::nqueens_tree`). A node with at most
/// `grain` rows to fill is one task, which counts the solutions below it alone. Every node is a
/// task of its own, with the exceptions that `fib` names. Irregular: how much lies below a node is
/// not known before. The outcome counts solutions.
struct nqueens {
    static constexpr std::string_view name = "nqueens";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t queens = 10;
        std::uint64_t grain = 0;
    };
    static constexpr std::array fields{
        field<params>{"queens", &params::queens, 1, 16, "queens, rows and columns"},
        field<params>{"grain", &params::grain, 0, 16, "rows that one task fills"},
    };

    struct outcome {
        std::uint64_t solutions = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"solutions", &outcome::solutions},
    };
};

} // namespace contract
