// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of creating a unit of concurrency and joining it: `units` in batches of `at_once`. All
/// units of a batch are created before the first of them is joined, and all are joined before the
/// next batch. Unit i is given i, computes `kernel::mix(seed ^ i)` itself, wherever it runs, and
/// hands it to whoever joins it; `sum` is the wrap-around sum of what was handed over, `joined` the
/// number of joins. A unit is what the model gives a name to: a task, a fiber, a thread, a child.
/// Computing the value without creating a unit cannot be seen from the outcome and is no solution;
/// `floor` does that, for it has no units: an indirect call on a record.
struct spawn {
    static constexpr std::string_view name = "spawn";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t units = 1'000;
        std::uint64_t at_once = 1;
    };
    static constexpr std::array fields{
        field<params>{"units", &params::units, 1, 100'000'000, "units created and joined"},
        field<params>{"at_once", &params::at_once, 1, 1'000'000, "how many exist together"},
    };

    struct outcome {
        std::uint64_t joined = 0;
        std::uint64_t sum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"joined", &outcome::joined},
        outcome_field<outcome>{"sum", &outcome::sum},
    };
};

} // namespace contract
