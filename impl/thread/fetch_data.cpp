// SPDX-License-Identifier: MIT
// std::async starts a thread per fetch that sleeps and returns the value; the calling thread
// collects the futures. All fetches wait at once, so that the run takes the longest wait.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "thread_limit.hpp"

#include <chrono>
#include <future>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::fetch_data;

class thread_per_fetch final : public contract::session<fetch_data> {
public:
    thread_per_fetch(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    fetch_data::outcome run(contract::probe& probe) override {
        std::vector<std::future<std::uint64_t>> fetches;
        fetches.reserve(params_.fetches);
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            fetches.push_back(
                std::async(std::launch::async, [this, &probe, i] { return fetch(probe, i); }));
        }
        fetch_data::outcome outcome;
        for (auto& fetched : fetches) {
            outcome.sum += fetched.get();
            ++outcome.fetched;
        }
        return outcome;
    }

private:
    std::uint64_t fetch(contract::probe& probe, std::uint64_t i) const {
        probe.begin(i);
        std::this_thread::sleep_for(std::chrono::microseconds((i + 1) * params_.step_us));
        auto const value = kernel::fetched_value(seed_, i);
        probe.end(i);
        return value;
    }

    fetch_data::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data(fetch_data::params const& params, fetch_data::environment const& environment) {
    require_threads(params.fetches, "fetch");
    return std::make_unique<thread_per_fetch>(params, environment.limits.seed);
}

} // namespace thread_model
