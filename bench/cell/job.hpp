// SPDX-License-Identifier: MIT
#pragma once

#include "agent/call.hpp"
#include "cell/recorder.hpp"
#include "oracle/all.hpp"
#include "rig/part.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace cell {

[[nodiscard]] inline std::uint64_t monotonic_ns() {
    // On Linux std::chrono::steady_clock is CLOCK_MONOTONIC, as the probe's clock.
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

template <class Body>
[[nodiscard]] std::uint64_t timed(Body&& body) {
    auto const begin = monotonic_ns();
    body();
    return monotonic_ns() - begin;
}

/// A cell at a point: what Google Benchmark calls a benchmark. Lives as long as the process.
template <class W>
struct job {
    setting context;
    typename W::params params;
    oracle::rules<W> const& rules = oracle::rules_for<W>();
    std::uint64_t iterations_done = 0; ///< measured ones, over all repetitions

    [[nodiscard]] std::uint64_t seed() const { return context.given().seed; }

    [[nodiscard]] contract::budget limits() const {
        return {.workers = context.workers, .cpus = context.cpus, .seed = seed()};
    }

    [[nodiscard]] rig::order rig_order() const {
        auto const& given = context.given();
        return {.workload = W::name,
                .params = context.identity.at("params"),
                .seed = given.seed,
                .warm_up = given.warm_up,
                .timeout = given.timeout,
                .cpus = context.client_cpus,
                .over = over_link()};
    }

    [[nodiscard]] std::optional<rig::link> over_link() const {
        auto const& given = context.given();
        if (given.agent.empty()) return {};
        return rig::link{.address = agent::parse_address("--link-address", given.link_address),
                         .agent = given.agent};
    }

    /// Threads and children beside the calling thread.
    [[nodiscard]] std::uint64_t most_extra_threads() const {
        // A process that is started anew stands beside its workers.
        auto const workers = std::uint64_t{context.workers} + contract::is_in_fresh_process<W>;
        auto const& about = context.cell->about;
        if (about.allowance == contract::allowance::workers) return workers + about.runtime_threads;
        return std::max(workers, rules.in_flight(params)) + about.runtime_threads;
    }

    [[nodiscard]] typename W::outcome const& expected() {
        if (!expected_once) expected_once = rules.expected(params, seed());
        return *expected_once;
    }

    std::optional<typename W::outcome> expected_once = {};
};

} // namespace cell
