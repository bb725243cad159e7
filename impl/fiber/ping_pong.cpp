// SPDX-License-Identifier: MIT
// Two fibers and two unbuffered_channels: who pushes waits until the other has taken. On two CPUs
// each runs in a thread of its own, with a scheduler of its own.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"
#include "stack.hpp"

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <thread>

namespace fiber {
namespace {

using contract::ping_pong;

class two_fibers final : public contract::session<ping_pong> {
public:
    two_fibers(ping_pong::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), cpus_{limits.cpus.front(), limits.cpus.back()} {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        if (params_.cpus == 1) {
            scheduled_thread const here;
            auto first = start([this] { ping(); });
            auto second = start([this] { pong(); });
            first.join();
            second.join();
        } else {
            std::jthread const first([this] { run_alone(cpus_[0], [this] { ping(); }); });
            std::jthread const second([this] { run_alone(cpus_[1], [this] { pong(); }); });
        }
        return outcome_;
    }

private:
    using channel = boost::fibers::unbuffered_channel<std::uint64_t>;

    template <class Body>
    static boost::fibers::fiber start(Body body) {
        return {boost::fibers::launch::post, std::allocator_arg, pooled_stacks(small_stack_bytes),
                body};
    }
    template <class Body>
    static void run_alone(int cpu, Body body) {
        stay_on_cpu(cpu);
        scheduled_thread const here;
        start(body).join();
    }

    void ping() {
        for (; outcome_.trips < params_.trips; ++outcome_.trips) {
            to_pong_.push(outcome_.token);
            outcome_.token = kernel::mix(to_ping_.value_pop());
        }
    }
    void pong() {
        for (std::uint64_t trip = 0; trip < params_.trips; ++trip) {
            to_ping_.push(kernel::mix(to_pong_.value_pop() + 1));
        }
    }

    ping_pong::params params_;
    std::uint64_t seed_;
    int cpus_[2];
    ping_pong::outcome outcome_; ///< ping's
    channel to_pong_;
    channel to_ping_;
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<two_fibers>(params, around.limits);
}

} // namespace fiber
