// SPDX-License-Identifier: MIT
// One fetch after another: the thread sleeps until the value is there and only then starts the
// next, so that the run takes the sum of the waits.
#include "cells.hpp"
#include "kernel/random.hpp"

#include <chrono>
#include <thread>

namespace serial {
namespace {

using contract::fetch_data;

class one_after_another final : public contract::session<fetch_data> {
public:
    one_after_another(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    fetch_data::outcome run(contract::probe& probe) override {
        fetch_data::outcome outcome;
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            outcome.sum += fetch(probe, i);
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
    return std::make_unique<one_after_another>(params, environment.limits.seed);
}

} // namespace serial
