// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// Nothing at all: what is measured is the suite itself. The report prints it as the overhead of
/// one iteration.
struct noop {
    static constexpr std::string_view name = "noop";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::self;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t calls = 1;
    };
    static constexpr std::array fields{
        field<params>{"calls", &params::calls, 1, 1, "empty calls inside the clock"},
    };

    struct outcome {
        std::uint64_t calls = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"calls", &outcome::calls},
    };
};

} // namespace contract
