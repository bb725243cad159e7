// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The product of two square matrices of doubles, divided and conquered: a node multiplies blocks
/// into a block of the product in two phases of four quadrants each, the second after the first,
/// because it adds to the same quadrants (`kernel::matmul_tree`). Blocks with edge `grain` are one
/// task. The factors are whole numbers small enough for the product to be exact in any order.
/// `checksum` weighs each element of the product by its row and column, wraps around, and is taken
/// block by block by the task that finishes the block. `edge` must be `grain` times a power of two.
/// Every node is a task of its own, with the exceptions that `fib` names.
struct matmul {
    static constexpr std::string_view name = "matmul";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t edge = 512;
        std::uint64_t grain = 64;
    };
    static constexpr std::array fields{
        field<params>{"edge", &params::edge, 1, 16'384, "rows and columns of each matrix"},
        field<params>{"grain", &params::grain, 1, 16'384, "edge of the blocks that are one task"},
    };

    struct outcome {
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
