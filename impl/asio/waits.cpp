// SPDX-License-Identifier: MIT
// A steady_timer per wait on one io_context (Asio keeps them in a binary heap), awaited by a
// completion handler or by a coroutine of its own.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/random.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::waits;

class waits_session : public contract::session<waits> {
public:
    waits_session(waits::params const& params, waits::environment const& around)
        : params_(params), seed_(around.limits.seed) {}

protected:
    [[nodiscard]] std::chrono::nanoseconds length_of(std::uint64_t i) const noexcept {
        return std::chrono::nanoseconds(
            kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us));
    }
    static void passed(std::uint64_t i, contract::probe& probe, waits::outcome& out) noexcept {
        probe.end(i);
        ++out.completed;
        out.checksum += kernel::mix(i);
    }

    waits::params params_;
    std::uint64_t seed_;
    asio::io_context context_{1};
};

class by_callback final : public waits_session {
public:
    using waits_session::waits_session;

    waits::outcome run(contract::probe& probe) override {
        waits::outcome out;
        std::vector<asio::steady_timer> timers;
        timers.reserve(params_.waits);
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            probe.begin(i);
            timers.emplace_back(context_, length_of(i));
            timers.back().async_wait([&, i](boost::system::error_code) { passed(i, probe, out); });
        }
        context_.restart();
        context_.run();
        return out;
    }
};

class by_coroutine final : public waits_session {
public:
    using waits_session::waits_session;

    waits::outcome run(contract::probe& probe) override {
        waits::outcome out;
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            asio::co_spawn(context_, wait_one(i, probe, out), rethrow);
        }
        context_.restart();
        context_.run();
        return out;
    }

private:
    asio::awaitable<void> wait_one(std::uint64_t i, contract::probe& probe, waits::outcome& out) {
        probe.begin(i);
        asio::steady_timer timer(context_, length_of(i));
        co_await timer.async_wait(asio::use_awaitable);
        passed(i, probe, out);
    }
};

} // namespace

std::unique_ptr<contract::session<waits>> make_waits_callback(waits::params const& params,
                                                              waits::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<waits>> make_waits_coroutine(waits::params const& params,
                                                               waits::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
