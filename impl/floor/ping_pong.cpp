// SPDX-License-Identifier: MIT
// On one CPU: two state machines, a message is a call through the pointer in the other's record. On
// two: a word for each of two threads. Each has a CPU to itself, so it looks at its word for some
// microseconds before it sleeps on it, and who writes a word on which nobody sleeps makes no system
// call.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <array>
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

class words_of_memory final : public contract::session<ping_pong> {
public:
    words_of_memory(ping_pong::params const& params, contract::budget const& limits)
        : trips_(params.trips),
          seed_(limits.seed),
          cpus_{limits.cpus.front(), limits.cpus.back()} {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        {
            std::jthread const pong([this] {
                stay_on_cpu(cpus_[1]);
                for (std::uint64_t trip = 0; trip < trips_; ++trip) {
                    wait(words_[1]);
                    outcome_.token = kernel::mix(outcome_.token + 1);
                    wake(words_[0]);
                }
            });
            std::jthread const ping([this] {
                stay_on_cpu(cpus_[0]);
                for (; outcome_.trips < trips_; ++outcome_.trips) {
                    wake(words_[1]);
                    wait(words_[0]);
                    outcome_.token = kernel::mix(outcome_.token);
                }
            });
        }
        return outcome_;
    }

private:
    using place = std::atomic<std::uint32_t>;

    struct alignas(64) own_line : place {};
    enum : std::uint32_t { empty, full, awaited };
    static constexpr int looks_before_sleep = 2'000;

    /// Only one message is under way, so nobody fills the word between its two writes here.
    static void wait(place& word) noexcept {
        for (int looks = 0; looks < looks_before_sleep; ++looks) {
            // Acquire: the token comes with it.
            if (word.load(std::memory_order_acquire) == full) {
                word.store(empty, std::memory_order_relaxed);
                return;
            }
            pause();
        }
        while (word.exchange(awaited, std::memory_order_acquire) != full) {
            ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, awaited, nullptr, nullptr, 0);
        }
        word.store(empty, std::memory_order_relaxed);
    }
    static void wake(place& word) noexcept {
        if (word.exchange(full, std::memory_order_release) != awaited) return;
        ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    int cpus_[2];
    ping_pong::outcome outcome_; ///< of who holds the token
    std::array<own_line, 2> words_;
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus == 1) return std::make_unique<state_machines>(params, around.limits.seed);
    if (around.limits.cpus.size() < 2) throw contract::declined_error("it has one CPU only");
    return std::make_unique<words_of_memory>(params, around.limits);
}

} // namespace floor_model
