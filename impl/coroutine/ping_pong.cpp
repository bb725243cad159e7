// SPDX-License-Identifier: MIT
// One CPU: two tasks and two queues of one place, asyncio's way to hand something to another task
// and to wait for the answer. Two CPUs: a loop in a thread on each, and two channels of one place,
// which are the queues between loops.
#include "cells.hpp"
#include "on_cpu.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

#include <thread>

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

class two_loops final : public contract::session<ping_pong> {
public:
    two_loops(ping_pong::params const& params, contract::budget const& limits)
        : trips_(params.trips),
          seed_(limits.seed),
          cpus_{limits.cpus.front(), limits.cpus.back()} {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        channel to_pong(1), to_ping(1);
        {
            std::jthread const first([&] {
                stay_on_cpu(cpus_[0]);
                siding::run(ping(to_pong, to_ping));
            });
            std::jthread const second([&] {
                stay_on_cpu(cpus_[1]);
                siding::run(pong(to_pong, to_ping));
            });
        }
        return outcome_;
    }

private:
    using channel = siding::channel<std::uint64_t>;

    siding::coroutine<> ping(channel& to_pong, channel& to_ping) {
        for (; outcome_.trips < trips_; ++outcome_.trips) {
            co_await to_pong.send(outcome_.token);
            auto const token = co_await to_ping.receive();
            outcome_.token = kernel::mix(token.value());
        }
    }
    siding::coroutine<> pong(channel& to_pong, channel& to_ping) const {
        for (std::uint64_t trip = 0; trip < trips_; ++trip) {
            auto const token = co_await to_pong.receive();
            co_await to_ping.send(kernel::mix(token.value() + 1));
        }
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    int cpus_[2];
    ping_pong::outcome outcome_; ///< ping's, until both threads have been joined
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    if (params.cpus > 1) return std::make_unique<two_loops>(params, around.limits);
    return std::make_unique<two_tasks>(params, around.limits.seed);
}

} // namespace coroutine_model
