// SPDX-License-Identifier: MIT
// Variant `callback`: asio::post of the other unit's handler, to its context; on two CPUs each has
// a context and a thread of its own. Variant `coroutine`: each waits on a timer that the other
// cancels, as Asio's examples do; on two CPUs the other posts that to the context of the timer.
#include "asio.hpp"
#include "cells.hpp"
#include "event.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <array>
#include <optional>
#include <thread>
#include <utility>

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
    by_coroutine(ping_pong::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          cpus_{limits.cpus.front(), limits.cpus.back()},
          for_ping_(contexts_[0]),
          for_pong_(contexts_[params.cpus - 1]) {}

    ping_pong::outcome run(contract::probe&) override {
        outcome_ = {.trips = 0, .token = seed_};
        for (auto& each : contexts_) {
            each.restart();
        }
        asio::co_spawn(contexts_[params_.cpus - 1], pong(), rethrow);
        asio::co_spawn(contexts_[0], ping(), rethrow);
        if (params_.cpus == 1) {
            contexts_[0].run();
        } else {
            std::jthread const other([this] { run_on(1); });
            std::jthread const one([this] { run_on(0); });
        }
        return outcome_;
    }

private:
    /// The token on its way to a unit, and the event on which that unit waits for it. Touched in
    /// the context of the unit alone.
    struct mailbox {
        explicit mailbox(asio::io_context& context) : home(&context), news(context) {}
        asio::io_context* home;
        event news;
        std::optional<std::uint64_t> token;
    };

    void run_on(std::size_t unit) {
        stay_on_cpu(cpus_[unit]);
        contexts_[unit].run();
    }

    /// On one CPU the other's variables are at hand; on two only its context may touch them.
    void hand_over(mailbox& to, std::uint64_t token) const {
        auto const deliver = [&to, token] {
            to.token = token;
            to.news.wake_one();
        };
        if (params_.cpus == 1) return deliver();
        asio::post(*to.home, deliver);
    }
    static asio::awaitable<std::uint64_t> receive(mailbox& from) {
        while (!from.token) {
            co_await from.news.wait();
        }
        co_return *std::exchange(from.token, std::nullopt);
    }

    asio::awaitable<void> ping() {
        for (; outcome_.trips < params_.trips; ++outcome_.trips) {
            hand_over(for_pong_, outcome_.token);
            outcome_.token = kernel::mix(co_await receive(for_ping_));
        }
    }
    asio::awaitable<void> pong() {
        for (std::uint64_t trip = 0; trip < params_.trips; ++trip) {
            hand_over(for_ping_, kernel::mix(co_await receive(for_pong_) + 1));
        }
    }

    ping_pong::params params_;
    std::uint64_t seed_;
    std::array<int, 2> cpus_;
    ping_pong::outcome outcome_; ///< ping's
    std::array<asio::io_context, 2> contexts_{asio::io_context{1}, asio::io_context{1}};
    mailbox for_ping_;
    mailbox for_pong_;
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
    if (params.cpus > around.limits.cpus.size())
        throw contract::declined_error("it has one CPU only");
    return std::make_unique<by_coroutine>(params, around.limits);
}

} // namespace asio_model
