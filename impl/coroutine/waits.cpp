// SPDX-License-Identifier: MIT
// A task a wait, each suspended in `co_await sleep(...)`; its frame is all that it costs. The loop
// keeps the timers in a wheel inside these frames and sleeps until the earliest is due.

#include "backends.hpp"
#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

#include <chrono>
#include <vector>

namespace coroutine_model {
namespace {

using contract::waits;

class waits_session final : public contract::session<waits> {
public:
    waits_session(waits::params const& params, std::uint64_t seed, siding::loop_options options)
        : params_(params), seed_(seed), options_(options) {}

    waits::outcome run(contract::probe& probe) override {
        waits::outcome out;
        siding::run(wait_for_all(probe, out), options_);
        return out;
    }

private:
    siding::coroutine<> wait_for_one(std::uint64_t i, contract::probe& probe, waits::outcome& out) {
        std::chrono::nanoseconds const length(
            kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us));
        probe.begin(i);
        co_await siding::sleep(length);
        probe.end(i);
        ++out.completed;
        out.checksum += kernel::mix(i);
    }

    siding::coroutine<> wait_for_all(contract::probe& probe, waits::outcome& out) {
        std::vector<siding::task<>> tasks;
        tasks.reserve(params_.waits);
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            tasks.push_back(siding::create_task(wait_for_one(i, probe, out)));
        }
        for (auto const& each : tasks) {
            co_await each;
        }
    }

    waits::params params_;
    std::uint64_t seed_;
    siding::loop_options options_;
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits_epoll(waits::params const& params,
                                                           waits::environment const& around) {
    return std::make_unique<waits_session>(params, around.limits.seed, siding::loop_options{});
}

std::unique_ptr<contract::session<waits>> make_waits_io_uring(waits::params const& params,
                                                              waits::environment const& around) {
    return std::make_unique<waits_session>(params, around.limits.seed, on_io_uring());
}

} // namespace coroutine_model
