// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of a task and nothing else: fib(n) = fib(n - 1) + fib(n - 2), computed by two tasks
/// that are forked and joined, down to `grain`: fib(m) for m < grain is one task, which computes it
/// by the same recursion without forking. The tree of tasks is `kernel::fib_tree`, for all models.
/// A model runs every node of the tree as a task of its own as its users would fork and join;
/// `serial` and `floor` do without tasks, `process` forks a process for a node only while fewer
/// than `workers` are alive. A shortcut (a closed form, memoisation) cannot be seen from the
/// outcome and is no solution.
struct fib {
    static constexpr std::string_view name = "fib";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t n = 27;
        std::uint64_t grain = 2;
    };
    static constexpr std::array fields{
        field<params>{"n", &params::n, 0, 50, "which Fibonacci number"},
        field<params>{"grain", &params::grain, 2, 51, "a number below this is one task"},
    };

    struct outcome {
        std::uint64_t value = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"value", &outcome::value},
    };
};

} // namespace contract
