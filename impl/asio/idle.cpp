// SPDX-License-Identifier: MIT
// Asio's condition is a timer that never ends: all units wait for one steady_timer, by a handler or
// in a coroutine, and to cancel it opens the gate.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/ballast.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::idle;

class idle_session : public contract::session<idle> {
public:
    idle_session(idle::params const& params, idle::environment const& around)
        : params_(params), seed_(around.limits.seed) {}

    idle::outcome run(contract::probe& probe) final {
        outcome_ = {};
        gate_.expires_at(asio::steady_timer::time_point::max());
        std::uint64_t i = 0;
        for (auto const step : idle::steps(params_)) {
            for (; i < step; ++i) {
                start(i, probe);
            }
            context_.restart();
            context_.poll(); // a coroutine runs until it waits; nothing else is ready
            probe.look();
        }
        gate_.cancel();
        context_.restart();
        context_.run();
        return outcome_;
    }

protected:
    virtual void start(std::uint64_t i, contract::probe& probe) = 0;

    void released(std::uint64_t i, kernel::ballast const& ballast, contract::probe& probe) {
        probe.end(i);
        outcome_.sum += ballast.value(seed_, i, params_.ballast_bytes);
        ++outcome_.released;
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    asio::io_context context_{1};
    asio::steady_timer gate_{context_};
};

class by_callback final : public idle_session {
public:
    using idle_session::idle_session;

private:
    void start(std::uint64_t i, contract::probe& probe) override {
        probe.begin(i);
        gate_.async_wait(
            [this, i, &probe, ballast = kernel::ballast(seed_, i, params_.ballast_bytes)](
                boost::system::error_code) { released(i, ballast, probe); });
    }
};

class by_coroutine final : public idle_session {
public:
    using idle_session::idle_session;

private:
    void start(std::uint64_t i, contract::probe& probe) override {
        asio::co_spawn(context_, live(i, probe), rethrow);
    }

    asio::awaitable<void> live(std::uint64_t i, contract::probe& probe) {
        kernel::ballast const ballast(seed_, i, params_.ballast_bytes);
        probe.begin(i);
        boost::system::error_code cancelled;
        co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        released(i, ballast, probe);
    }
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle_callback(idle::params const& params,
                                                            idle::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<idle>> make_idle_coroutine(idle::params const& params,
                                                             idle::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
