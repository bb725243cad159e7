// SPDX-License-Identifier: MIT
// uv_async_send, libuv's only message: each unit is a uv_async_t, and its callback sends to the
// other one. On two CPUs each has a loop of its own in a thread of its own; on one they share a
// loop.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <array>
#include <thread>

namespace callback {
namespace {

using contract::ping_pong;

class two_asyncs final : public contract::session<ping_pong> {
public:
    two_asyncs(ping_pong::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), cpus_{limits.cpus.front(), limits.cpus.back()} {
        auto* const second = params.cpus == 1 ? loops_[0].get() : loops_[1].get();
        checked(::uv_async_init(loops_[0].get(), &units_[0], &ping), "uv_async_init");
        checked(::uv_async_init(second, &units_[1], &pong), "uv_async_init");
        for (auto& each : units_) {
            each.data = this;
        }
    }

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        ::uv_async_send(&units_[1]);
        if (params_.cpus == 1) {
            loops_[0].run();
        } else {
            std::jthread const first([this] { run_on(0); });
            std::jthread const second([this] { run_on(1); });
        }
        return outcome_;
    }

private:
    void run_on(std::size_t unit) {
        stay_on_cpu(cpus_[unit]);
        loops_[unit].run();
    }

    static void ping(uv_async_t* self) {
        auto& shared = *static_cast<two_asyncs*>(self->data);
        shared.outcome_.token = kernel::mix(shared.outcome_.token);
        if (++shared.outcome_.trips == shared.params_.trips) {
            shared.loops_[0].stop();
            if (shared.params_.cpus == 1) return;
        }
        ::uv_async_send(&shared.units_[1]);
    }
    static void pong(uv_async_t* self) {
        auto& shared = *static_cast<two_asyncs*>(self->data);
        if (shared.outcome_.trips == shared.params_.trips) return shared.loops_[1].stop();
        shared.outcome_.token = kernel::mix(shared.outcome_.token + 1);
        ::uv_async_send(&shared.units_[0]);
    }

    ping_pong::params params_;
    std::uint64_t seed_;
    std::array<int, 2> cpus_;
    ping_pong::outcome outcome_; ///< of who has the token: uv_async_send hands it over
    std::array<uv_async_t, 2> units_;
    std::array<event_loop, 2> loops_; ///< last: their destructors close the handles above
};

} // namespace

std::unique_ptr<contract::session<ping_pong>> make_ping_pong(ping_pong::params const& params,
                                                             ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<two_asyncs>(params, around.limits);
}

} // namespace callback
