// SPDX-License-Identifier: MIT
// asio::post from another thread, which any executor takes. Variant `callback`: the handler is the
// unit. Variant `coroutine`: the handler cancels the timer on which the unit waits.
#include "asio.hpp"
#include "cells.hpp"
#include "event.hpp"
#include "kernel/wake.hpp"

#include <thread>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::wakeup;

class wakeup_session : public contract::session<wakeup> {
public:
    wakeup_session(wakeup::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    wakeup::outcome run(contract::probe& probe) final {
        ledger_.restart(seed_);
        context_.restart();
        start(probe);
        auto const keep = asio::make_work_guard(context_);
        std::jthread const waker([&] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_,
                                    [&] { asio::post(context_, [&] { woken(probe); }); });
        });
        context_.run();
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

protected:
    virtual void start(contract::probe&) {}
    virtual void woken(contract::probe& probe) = 0;
    void arrived(contract::probe& probe) {
        ledger_.arrived(probe);
        if (ledger_.count() == params_.wakes) context_.stop();
    }

    wakeup::params params_;
    std::uint64_t seed_;
    kernel::wake_ledger ledger_;
    asio::io_context context_{1};
};

class by_callback final : public wakeup_session {
public:
    using wakeup_session::wakeup_session;

private:
    void woken(contract::probe& probe) override { arrived(probe); }
};

class by_coroutine final : public wakeup_session {
public:
    using wakeup_session::wakeup_session;

private:
    void start(contract::probe& probe) override { asio::co_spawn(context_, unit(probe), rethrow); }
    void woken(contract::probe&) override { woken_.wake_one(); }
    asio::awaitable<void> unit(contract::probe& probe) {
        for (std::uint64_t i = 0; i < params_.wakes; ++i) {
            co_await woken_.wait();
            arrived(probe);
        }
    }

    event woken_{context_};
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup_callback(wakeup::params const& params,
                                                                wakeup::environment const& around) {
    return std::make_unique<by_callback>(params, around.limits.seed);
}

std::unique_ptr<contract::session<wakeup>>
make_wakeup_coroutine(wakeup::params const& params, wakeup::environment const& around) {
    return std::make_unique<by_coroutine>(params, around.limits.seed);
}

} // namespace asio_model
