// SPDX-License-Identifier: MIT
// All fetches at once on one io_context: a steady_timer each, awaited by a completion handler or by
// a coroutine. Takes the time of the longest.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/random.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::fetch_data;

class fetch_data_session : public contract::session<fetch_data> {
public:
    fetch_data_session(fetch_data::params const& params, fetch_data::environment const& around)
        : params_(params), seed_(around.limits.seed) {}

protected:
    [[nodiscard]] std::chrono::microseconds length_of(std::uint64_t i) const noexcept {
        return std::chrono::microseconds((i + 1) * params_.step_us);
    }
    void arrived(std::uint64_t i, contract::probe& probe, fetch_data::outcome& out) const noexcept {
        probe.end(i);
        ++out.fetched;
        out.sum += kernel::fetched_value(seed_, i);
    }

    fetch_data::params params_;
    std::uint64_t seed_;
    asio::io_context context_{1};
};

class by_callback final : public fetch_data_session {
public:
    using fetch_data_session::fetch_data_session;

    fetch_data::outcome run(contract::probe& probe) override {
        fetch_data::outcome out;
        std::vector<asio::steady_timer> timers;
        timers.reserve(params_.fetches);
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            probe.begin(i);
            timers.emplace_back(context_, length_of(i));
            timers.back().async_wait([&, i](boost::system::error_code) { arrived(i, probe, out); });
        }
        context_.restart();
        context_.run();
        return out;
    }
};

class by_coroutine final : public fetch_data_session {
public:
    using fetch_data_session::fetch_data_session;

    fetch_data::outcome run(contract::probe& probe) override {
        fetch_data::outcome out;
        for (std::uint64_t i = 0; i < params_.fetches; ++i) {
            asio::co_spawn(context_, fetch_one(i, probe, out), rethrow);
        }
        context_.restart();
        context_.run();
        return out;
    }

private:
    asio::awaitable<void> fetch_one(std::uint64_t i, contract::probe& probe,
                                    fetch_data::outcome& out) {
        probe.begin(i);
        asio::steady_timer timer(context_, length_of(i));
        co_await timer.async_wait(asio::use_awaitable);
        arrived(i, probe, out);
    }
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data_callback(fetch_data::params const& params, fetch_data::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data_coroutine(fetch_data::params const& params, fetch_data::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
