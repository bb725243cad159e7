// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of a message there and back: two units, ping and pong, pass one token to and fro,
/// `trips` round trips. The token begins with the seed; pong replaces what it gets by
/// `kernel::mix(token + 1)`, ping by `kernel::mix(token)`, so that a trip that was left out or
/// taken by one unit alone leaves another token. Who has not the token waits for it as the model
/// waits for anything, and does not spin. `cpus` 1: both units on the first CPU of the budget; 2:
/// one on the first and one on the last, which needs two units that can run at the same time.
struct ping_pong {
    static constexpr std::string_view name = "ping_pong";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t trips = 1'000;
        std::uint64_t cpus = 1;
    };
    static constexpr std::array fields{
        field<params>{"trips", &params::trips, 1, 100'000'000, "round trips of the token"},
        field<params>{"cpus", &params::cpus, 1, 2, "1: both units on one CPU; 2: on one each"},
    };

    struct outcome {
        std::uint64_t trips = 0;
        std::uint64_t token = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"trips", &outcome::trips},
        outcome_field<outcome>{"token", &outcome::token},
    };
};

} // namespace contract
