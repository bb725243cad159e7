// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// Merge sort of `keys` 64-bit keys: both halves in parallel, and then a merge, which is divided at
/// the median of the longer run and so is parallel as well (`kernel::sort_tree`). At most `grain`
/// keys are sorted (std::sort, after they are copied from the input, which stays as it is) or
/// merged by one task. `checksum` is the wrap-around sum of (i + 1) * key i over the sorted keys,
/// taken by the tasks of the last merge. Every node is a task of its own, with the exceptions that
/// `fib` names.
struct sort {
    static constexpr std::string_view name = "sort";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t keys = 1'000'000;
        std::uint64_t grain = 10'000;
    };
    static constexpr std::array fields{
        field<params>{"keys", &params::keys, 1, 1'000'000'000, "keys of 8 bytes"},
        field<params>{"grain", &params::grain, 2, 1'000'000'000, "keys that one task sorts"},
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
