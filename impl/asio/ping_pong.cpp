// SPDX-License-Identifier: MIT
// Variant `callback`: asio::post of the other unit's handler, to its context; on two CPUs each has
// a context and a thread of its own. Variant `coroutine`: each waits on a timer that the other
// cancels, as Asio's examples do.
#include "asio.hpp"
#include "cells.hpp"
#include "event.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <array>
#include <optional>
#include <thread>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::ping_pong;

class by_callback final : public contract::session<ping_pong> {
public:
    by_callback(ping_pong::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), cpus_{limits.cpus.front(), limits.cpus.back()} {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        for (auto& each : contexts_) {
            each.restart();
        }
        auto& second = contexts_[params_.cpus - 1];
        asio::post(second, [this] { pong(); });
        if (params_.cpus == 1) {
            contexts_[0].run();
        } else {
            for (std::size_t unit = 0; unit < 2; ++unit) {
                keep_[unit].emplace(contexts_[unit].get_executor());
            }
            std::jthread const other([this] { run_on(1); });
            std::jthread const one([this] { run_on(0); });
        }
        return outcome_;
    }

private:
    void run_on(std::size_t unit) {
        stay_on_cpu(cpus_[unit]);
        contexts_[unit].run();
    }
    void ping() {
        outcome_.token = kernel::mix(outcome_.token);
        if (++outcome_.trips == params_.trips) {
            for (auto& each : keep_) {
                each.reset();
            }
            return;
        }
        asio::post(contexts_[params_.cpus - 1], [this] { pong(); });
    }
    void pong() {
        outcome_.token = kernel::mix(outcome_.token + 1);
        asio::post(contexts_[0], [this] { ping(); });
    }

    ping_pong::params params_;
    std::uint64_t seed_;
    std::array<int, 2> cpus_;
    ping_pong::outcome outcome_; ///< of who holds the token: post hands it over
    std::array<asio::io_context, 2> contexts_{asio::io_context{1}, asio::io_context{1}};
    std::array<std::optional<asio::executor_work_guard<asio::io_context::executor_type>>, 2> keep_;
};

class by_coroutine final : public contract::session<ping_pong> {
public:
    by_coroutine(ping_pong::params const& params, std::uint64_t seed)
        : trips_(params.trips), seed_(seed) {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        turn_of_pong_ = false;
        asio::co_spawn(context_, pong(), rethrow);
        asio::co_spawn(context_, ping(), rethrow);
        context_.restart();
        context_.run();
        return outcome_;
    }

private:
    asio::awaitable<void> ping() {
        for (; outcome_.trips < trips_; ++outcome_.trips) {
            turn_of_pong_ = true;
            for_pong_.wake_one();
            while (turn_of_pong_) {
                co_await for_ping_.wait();
            }
            outcome_.token = kernel::mix(outcome_.token);
        }
    }
    asio::awaitable<void> pong() {
        for (std::uint64_t trip = 0; trip < trips_; ++trip) {
            while (!turn_of_pong_) {
                co_await for_pong_.wait();
            }
            outcome_.token = kernel::mix(outcome_.token + 1);
            turn_of_pong_ = false;
            for_ping_.wake_one();
        }
    }

    std::uint64_t trips_;
    std::uint64_t seed_;
    ping_pong::outcome outcome_;
    bool turn_of_pong_ = false;
    asio::io_context context_{1};
    event for_ping_{context_};
    event for_pong_{context_};
};

} // namespace

std::unique_ptr<contract::session<ping_pong>>
make_ping_pong_callback(ping_pong::params const& params, ping_pong::environment const& around) {
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<by_callback>(params, around.limits);
}

std::unique_ptr<contract::session<ping_pong>>
make_ping_pong_coroutine(ping_pong::params const& params, ping_pong::environment const& around) {
    if (params.cpus > 1) {
        throw contract::declined_error("a timer belongs to one context, and that runs on one CPU; "
                                       "the way in from another is wakeup");
    }
    return std::make_unique<by_coroutine>(params, around.limits.seed);
}

} // namespace asio_model
