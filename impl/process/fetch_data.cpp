// SPDX-License-Identifier: MIT
// A forked child per fetch: it sleeps, writes its value into shared memory and ends; the parent
// reaps them. All fetches wait at once, so that the run takes the longest wait and the forks.
#include "cells.hpp"
#include "child.hpp"
#include "child_limit.hpp"
#include "kernel/random.hpp"
#include "shared_memory.hpp"

#include <chrono>
#include <thread>
#include <vector>

namespace process {
namespace {

using contract::fetch_data;

class child_per_fetch final : public contract::session<fetch_data> {
public:
    child_per_fetch(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), values_(params.fetches) {}

    fetch_data::outcome run(contract::probe& probe) override {
        std::vector<child> children;
        children.reserve(params_.fetches);
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            children.emplace_back([&, i] { values_[i] = fetch(probe, i); });
        }
        fetch_data::outcome outcome;
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            children[i].join();
            outcome.sum += std::exchange(values_[i], 0);
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
    shared_array<std::uint64_t> values_;
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data(fetch_data::params const& params, fetch_data::environment const& environment) {
    require_children(params.fetches, "fetch");
    return std::make_unique<child_per_fetch>(params, environment.limits.seed);
}

} // namespace process
