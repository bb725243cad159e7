// SPDX-License-Identifier: MIT
// Two children, forked in make, and a POSIX semaphore each in shared memory; the token lies there
// too. On one CPU or on two, as asked.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"
#include "semaphore.hpp"

namespace process {
namespace {

using contract::ping_pong;

class two_children final : public contract::session<ping_pong> {
public:
    two_children(ping_pong::params const& params, contract::budget const& limits)
        : trips_(params.trips),
          seed_(limits.seed),
          children_(2, [this, limits, cpus = params.cpus](std::uint64_t unit) {
              stay_on_cpu(unit == 0 || cpus == 1 ? limits.cpus.front() : limits.cpus.back());
              return [this, unit](contract::probe&) { unit == 0 ? ping() : pong(); };
          }) {}

    ping_pong::outcome run(contract::probe& probe) override {
        shared().outcome = {.trips = 0, .token = seed_};
        children_.run(probe);
        return shared().outcome;
    }

private:
    struct shared_state {
        ping_pong::outcome outcome; ///< of who holds the token
        semaphore to_ping;
        semaphore to_pong;
    };

    [[nodiscard]] shared_state& shared() const noexcept { return shared_[0]; }

    void ping() const {
        auto& [outcome, to_ping, to_pong] = shared();
        for (; outcome.trips < trips_; ++outcome.trips) {
            to_pong.post();
            to_ping.wait();
            outcome.token = kernel::mix(outcome.token);
        }
    }
    void pong() const {
        auto& [outcome, to_ping, to_pong] = shared();
        for (std::uint64_t trip = 0; trip < trips_; ++trip) {
            to_pong.wait();
            outcome.token = kernel::mix(outcome.token + 1);
            to_ping.post();
        }
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    shared_array<shared_state> shared_{1};
    child_pool children_; ///< last: ended before what they share is unmapped
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<two_children>(params, around.limits);
}

} // namespace process
