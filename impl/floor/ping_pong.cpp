// SPDX-License-Identifier: MIT
// On one CPU: two state machines, a message is a call through the pointer in the other's record. On
// two: a raw futex for each of two threads, so a message is one system call to wake and one to
// wait.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <atomic>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace floor_model {
namespace {

using contract::ping_pong;

class state_machines final : public contract::session<ping_pong> {
public:
    state_machines(ping_pong::params const& params, std::uint64_t seed)
        : trips_(params.trips), seed_(seed) {}

    ping_pong::outcome run(contract::probe&) override {
        ping_pong::outcome outcome{.trips = 0, .token = seed_};
        for (; outcome.trips < trips_; ++outcome.trips) {
            pong_(outcome.token);
            ping_(outcome.token);
        }
        return outcome;
    }

private:
    static void ping(std::uint64_t& token) { token = kernel::mix(token); }
    static void pong(std::uint64_t& token) { token = kernel::mix(token + 1); }

    std::uint64_t trips_;
    std::uint64_t seed_;
    void (*volatile ping_)(std::uint64_t&) = &ping;
    void (*volatile pong_)(std::uint64_t&) = &pong;
};

class raw_futexes final : public contract::session<ping_pong> {
public:
    raw_futexes(ping_pong::params const& params, contract::budget const& limits)
        : trips_(params.trips),
          seed_(limits.seed),
          cpus_{limits.cpus.front(), limits.cpus.back()} {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        {
            std::jthread const pong([this] {
                stay_on_cpu(cpus_[1]);
                for (std::uint64_t trip = 0; trip < trips_; ++trip) {
                    wait(full_[1]);
                    outcome_.token = kernel::mix(outcome_.token + 1);
                    wake(full_[0]);
                }
            });
            std::jthread const ping([this] {
                stay_on_cpu(cpus_[0]);
                for (; outcome_.trips < trips_; ++outcome_.trips) {
                    wake(full_[1]);
                    wait(full_[0]);
                    outcome_.token = kernel::mix(outcome_.token);
                }
            });
        }
        return outcome_;
    }

private:
    using place = std::atomic<std::uint32_t>;

    static void wait(place& full) noexcept {
        // Acquire: the token comes with it.
        while (full.exchange(0, std::memory_order_acquire) == 0) {
            ::syscall(SYS_futex, &full, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
        }
    }
    static void wake(place& full) noexcept {
        full.store(1, std::memory_order_release);
        ::syscall(SYS_futex, &full, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    int cpus_[2];
    ping_pong::outcome outcome_; ///< of who holds the token
    alignas(64) place full_[2] = {0, 0};
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             contract::environment const& around) {
    if (params.cpus == 1) return std::make_unique<state_machines>(params, around.limits.seed);
    if (around.limits.cpus.size() < 2) throw contract::declined_error("it has one CPU only");
    return std::make_unique<raw_futexes>(params, around.limits);
}

} // namespace floor_model
