// SPDX-License-Identifier: MIT
// cancel() of the steady_timer that a unit waits for: its handler, or the coroutine that awaits it,
// comes to the queue of the io_context with operation_aborted. Boost 1.74 has no cancellation of
// the coroutine itself. The last join of a burst requests the next.

#include "kernel/cancel.hpp"
#include "asio.hpp"
#include "cells.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::cancel;

class cancel_session : public contract::session<cancel> {
public:
    cancel_session(cancel::params const& params, cancel::environment const& around)
        : params_(params),
          seed_(around.limits.seed),
          order_(kernel::cancel::order(seed_, params.units)) {
        timers_.reserve(params.units);
    }

    cancel::outcome run(contract::probe& probe) final {
        outcome_ = {};
        probe_ = &probe;
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            timers_.emplace_back(context_,
                                 std::chrono::nanoseconds(kernel::cancel::wait_ns(seed_, unit)));
            start(unit);
        }
        // Behind the first steps of all coroutines: they have been posted.
        asio::post(context_, [this] { request_burst(); });
        context_.restart();
        context_.run();
        timers_.clear();
        return outcome_;
    }

protected:
    virtual void start(std::uint64_t unit) = 0;

    asio::steady_timer& about_to_wait(std::uint64_t unit) {
        outcome_.waiting += kernel::cancel::waiting_mark(seed_, unit);
        return timers_[unit];
    }

    void clean_up(std::uint64_t unit, boost::system::error_code error) {
        if (error != asio::error::operation_aborted) return;
        probe_->end(unit);
        outcome_.cancelled += kernel::cancel::cancelled_mark(seed_, unit);
    }

    void join() {
        auto const joined = ++outcome_.joined;
        if (joined % params_.burst == 0 && joined != params_.units) request_burst();
    }

    asio::io_context context_{1};

private:
    void request_burst() {
        auto const first = outcome_.joined;
        for (auto k = first; k < first + params_.burst; ++k) {
            probe_->begin(order_[k]);
            timers_[order_[k]].cancel();
        }
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    cancel::outcome outcome_;
    contract::probe* probe_ = nullptr;
    std::vector<asio::steady_timer> timers_;
};

class by_callback final : public cancel_session {
public:
    using cancel_session::cancel_session;

private:
    void start(std::uint64_t unit) override {
        about_to_wait(unit).async_wait([this, unit](boost::system::error_code error) {
            clean_up(unit, error);
            join();
        });
    }
};

class by_coroutine final : public cancel_session {
public:
    using cancel_session::cancel_session;

private:
    void start(std::uint64_t unit) override {
        asio::co_spawn(context_, wait(unit), [this](std::exception_ptr error) {
            rethrow(error);
            join();
        });
    }

    asio::awaitable<void> wait(std::uint64_t unit) {
        boost::system::error_code error;
        co_await about_to_wait(unit).async_wait(asio::redirect_error(asio::use_awaitable, error));
        clean_up(unit, error);
    }
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel_callback(cancel::params const& params,
                                                                cancel::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<cancel>>
make_cancel_coroutine(cancel::params const& params, cancel::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
