// SPDX-License-Identifier: MIT
// Two tasks and two queues of one place: asyncio's way to hand something to another task and to
// wait for the answer.
#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

namespace coroutine_model {
namespace {

using contract::ping_pong;

class two_tasks final : public contract::session<ping_pong> {
public:
    two_tasks(ping_pong::params const& params, std::uint64_t seed)
        : trips_(params.trips), seed_(seed) {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        siding::run(ping());
        return outcome_;
    }

private:
    using queue = siding::queue<std::uint64_t>;

    siding::coroutine<> pong(queue& from_ping, queue& to_ping) const {
        for (std::uint64_t trip = 0; trip < trips_; ++trip) {
            auto const token = co_await from_ping.get();
            co_await to_ping.put(kernel::mix(token + 1));
        }
    }

    siding::coroutine<> ping() {
        queue to_pong(1), from_pong(1);
        auto const other = siding::create_task(pong(to_pong, from_pong));
        for (; outcome_.trips < trips_; ++outcome_.trips) {
            co_await to_pong.put(outcome_.token);
            auto const token = co_await from_pong.get();
            outcome_.token = kernel::mix(token);
        }
        co_await other;
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    ping_pong::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > 1) {
        throw contract::declined_error(
            "one loop runs on one CPU; the way in from another is wakeup");
    }
    return std::make_unique<two_tasks>(params, around.limits.seed);
}

} // namespace coroutine_model
