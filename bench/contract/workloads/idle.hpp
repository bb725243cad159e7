// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// How much memory a waiting unit takes. `units` units of concurrency wait at a gate, all of them
/// alive; they are created in three steps: units/4, then up to units/2, then the rest. A unit i
/// keeps a `kernel::ballast`, calls `probe.begin(i)` and waits, by the model's own way to wait for
/// somebody else. When all units so far wait, the thread that called `run` calls `probe.look()`:
/// three times in all. Then the gate is opened once; each unit, where it wakes, calls
/// `probe.end(i)` and contributes the value of its ballast; `sum` is the wrap-around sum of these,
/// `released` their number, and the units are joined.
///
/// All that the model keeps for a unit is made in `run`, when the unit is created, so that it lies
/// between two looks; room for it may be reserved but not touched. The harness takes the slope over
/// the three sizes. It cannot see a unit that is only a line in a table: `floor` is one.
struct idle {
    static constexpr std::string_view name = "idle";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;
    /// Runs once a process and is looked at while it runs: memory that was used before is no
    /// measure.
    static constexpr bool is_looked_at = true;
    static constexpr std::uint64_t looks = 3;

    struct params {
        std::uint64_t units = 1'000;
        std::uint64_t ballast_bytes = 0;
    };
    static constexpr std::array fields{
        field<params>{"units", &params::units, 4, 10'000'000, "units that wait; a multiple of 4"},
        field<params>{"ballast_bytes", &params::ballast_bytes, 0, 1'000'000,
                      "a known weight, filled by each unit: what is found in vain is an error"},
    };

    /// Units that wait at look 0, 1, 2.
    [[nodiscard]] static constexpr std::array<std::uint64_t, looks>
    steps(params const& p) noexcept {
        return {p.units / 4, p.units / 2, p.units};
    }

    struct outcome {
        std::uint64_t released = 0;
        std::uint64_t sum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"released", &outcome::released},
        outcome_field<outcome>{"sum", &outcome::sum},
    };
};

} // namespace contract
