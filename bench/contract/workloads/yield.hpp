// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of giving way: `units` units on one core take turns, `turns` each. Turn t belongs to
/// unit t % units, and to nobody else: a unit that runs when it is not its turn yields again. In
/// its turn unit u replaces the shared `chain`, which begins with the seed, by
/// `kernel::mix(chain + u)` and yields. Because mix is a bijection and no sum, a turn that was left
/// out, taken twice or taken by another unit leaves another chain. A unit only yields: it is not
/// woken, and nobody blocks. Creating and joining the units is part of the run, and small in it.
/// Computing the chain without units cannot be seen from the outcome and is no solution.
struct yield {
    static constexpr std::string_view name = "yield";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t units = 2;
        std::uint64_t turns = 1'000;
    };
    static constexpr std::array fields{
        field<params>{"units", &params::units, 2, 1'000'000, "units that take turns"},
        field<params>{"turns", &params::turns, 1, 100'000'000, "turns of each"},
    };

    struct outcome {
        std::uint64_t turns = 0;
        std::uint64_t chain = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"turns", &outcome::turns},
        outcome_field<outcome>{"chain", &outcome::chain},
    };
};

} // namespace contract
