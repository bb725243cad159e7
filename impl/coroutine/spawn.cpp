// SPDX-License-Identifier: MIT
// create_task for each unit of a batch, then co_await each: a frame and its place in the queue of
// the loop. The value comes out of the task.
#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

#include <vector>

namespace coroutine_model {
namespace {

using contract::spawn;

class tasks final : public contract::session<spawn> {
public:
    tasks(spawn::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {}

    spawn::outcome run(contract::probe&) override { return siding::run(spawn_all()); }

private:
    siding::coroutine<std::uint64_t> live(std::uint64_t i) { co_return kernel::mix(seed_ ^ i); }

    siding::coroutine<spawn::outcome> spawn_all() {
        spawn::outcome outcome;
        std::vector<siding::task<std::uint64_t>> batch;
        batch.reserve(params_.at_once);
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto const end = i + params_.at_once; i < end; ++i) {
                batch.push_back(siding::create_task(live(i)));
            }
            for (auto const& each : batch) {
                outcome.sum += co_await each;
                ++outcome.joined;
            }
            batch.clear();
        }
        co_return outcome;
    }

    spawn::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    return std::make_unique<tasks>(params, around.limits.seed);
}

} // namespace coroutine_model
