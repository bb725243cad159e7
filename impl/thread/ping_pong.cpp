// SPDX-License-Identifier: MIT
// Two threads and a std::binary_semaphore each: what the standard offers to hand something over and
// to wait. On one CPU or on two, as asked.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <semaphore>
#include <thread>

namespace thread_model {
namespace {

using contract::ping_pong;

class two_threads final : public contract::session<ping_pong> {
public:
    two_threads(ping_pong::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          first_cpu_(limits.cpus.front()),
          second_cpu_(params.cpus == 1 ? limits.cpus.front() : limits.cpus.back()) {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        {
            std::jthread const pong([this] {
                stay_on_cpu(second_cpu_);
                for (std::uint64_t trip = 0; trip < params_.trips; ++trip) {
                    to_pong_.acquire();
                    outcome_.token = kernel::mix(outcome_.token + 1);
                    to_ping_.release();
                }
            });
            std::jthread const ping([this] {
                stay_on_cpu(first_cpu_);
                for (; outcome_.trips < params_.trips; ++outcome_.trips) {
                    to_pong_.release();
                    to_ping_.acquire();
                    outcome_.token = kernel::mix(outcome_.token);
                }
            });
        }
        return outcome_;
    }

private:
    ping_pong::params params_;
    std::uint64_t seed_;
    int first_cpu_;
    int second_cpu_;
    ping_pong::outcome outcome_; ///< of who holds the token
    std::binary_semaphore to_pong_{0};
    std::binary_semaphore to_ping_{0};
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<two_threads>(params, around.limits);
}

} // namespace thread_model
