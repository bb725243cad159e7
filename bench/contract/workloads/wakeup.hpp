// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// The way into a loop from outside: a unit sleeps in its loop, thread or process, and somebody who
/// runs elsewhere wakes it, `wakes` times, each `pause_us` after it was seen to have gone back to
/// wait, so that it really sleeps. kernel::wake_repeatedly is that somebody; the model says how it
/// wakes. At wake i the unit calls `arrived` of the kernel::wake_ledger, which chains
/// `kernel::mix(chain + i)`: two wakes that were joined to one leave another chain. Operation i
/// begins right before the wake and ends when the unit runs. The pauses are part of the run: its
/// length says nothing, its latency and its CPU time do.
struct wakeup {
    static constexpr std::string_view name = "wakeup";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::primitive;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t wakes = 1'000;
        std::uint64_t pause_us = 50;
    };
    static constexpr std::array fields{
        field<params>{"wakes", &params::wakes, 1, 10'000'000, "wakes, one after another"},
        field<params>{"pause_us", &params::pause_us, 1, 1'000'000, "sleep before each, us"},
    };

    struct outcome {
        std::uint64_t wakes = 0;
        std::uint64_t chain = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"wakes", &outcome::wakes},
        outcome_field<outcome>{"chain", &outcome::chain},
    };
};

} // namespace contract
