// SPDX-License-Identifier: MIT
// All fetches begin at once and their deadlines already ascend: one absolute sleep to each, so that
// the run takes the time of the longest and every value is there when it is due.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "posix.hpp"

namespace floor_model {
namespace {

using contract::fetch_data;

class all_at_once final : public contract::session<fetch_data> {
public:
    all_at_once(fetch_data::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    fetch_data::outcome run(contract::probe& probe) override {
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            probe.begin(i);
        }
        auto const start_ns = monotonic_ns();
        fetch_data::outcome outcome;
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            sleep_until(start_ns + (i + 1) * params_.step_us * 1'000);
            outcome.sum += kernel::fetched_value(seed_, i);
            ++outcome.fetched;
            probe.end(i);
        }
        return outcome;
    }

private:
    fetch_data::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data(fetch_data::params const& params, fetch_data::environment const& environment) {
    return std::make_unique<all_at_once>(params, environment.limits.seed);
}

} // namespace floor_model
