// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// From the start of a process to its first operation. The harness starts this executable anew
/// `starts` times, one after another, each with a seed of its own; in each it makes the session and
/// calls `run` once. The maker makes all that the model needs to work with `workers` workers, as
/// for a long job: loop, pool, children. `run` lets the model do one unit, where and as it does
/// all its units: it computes `kernel::mix(seed)` and calls `probe.end(0)`, and the value
/// comes back to the caller; `operations` is 1 and `sum` the value. The start that the harness
/// notes lies before its fork, so that exec, the dynamic linker and the harness's own main are
/// part of it, equal for all models. To compute the value without a unit cannot be seen.
struct startup {
    static constexpr std::string_view name = "startup";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;
    /// `run` of a cell is called in a process of its own.
    static constexpr bool in_fresh_process = true;

    struct params {
        std::uint64_t starts = 10;
    };
    static constexpr std::array fields{
        field<params>{"starts", &params::starts, 1, 100'000, "processes started, one by one"},
    };

    struct outcome {
        std::uint64_t operations = 0;
        std::uint64_t sum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"operations", &outcome::operations},
        outcome_field<outcome>{"sum", &outcome::sum},
    };
};

} // namespace contract
