// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The cost of an item through a bounded channel: `producers` units put `items` items each, one
/// unit takes them all. At most `capacity` items are in the channel; a producer that finds it full
/// waits, and so does the consumer that finds it empty, as the model waits for anything. Item i of
/// producer p carries p and `kernel::mix(seed ^ (p * items + i))`; the consumer enters each in a
/// kernel::channel_ledger, whose `digest` tells a missing, double or foreign item, and two of one
/// producer that changed places. Creating and joining the units is part of the run, and small in
/// it.
struct channel {
    static constexpr std::string_view name = "channel";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t producers = 1;
        std::uint64_t items = 1'000;
        std::uint64_t capacity = 64;
    };
    static constexpr std::array fields{
        field<params>{"producers", &params::producers, 1, 1'000, "units that put"},
        field<params>{"items", &params::items, 1, 100'000'000, "items of each"},
        field<params>{"capacity", &params::capacity, 1, 65'536, "items in the channel at most"},
    };

    struct outcome {
        std::uint64_t taken = 0;
        std::uint64_t digest = 0;
        std::uint64_t most_queued = 0; ///< at most `capacity`; 0 where the library does not tell
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"taken", &outcome::taken},
        outcome_field<outcome>{"digest", &outcome::digest},
        outcome_field<outcome>{"most_queued", &outcome::most_queued},
    };
};

} // namespace contract
