// SPDX-License-Identifier: MIT
// call_soon_threadsafe sets an event on which a task waits: what asyncio offers to other threads.
#include "backends.hpp"
#include "cells.hpp"

#include "kernel/wake.hpp"
#include "siding/siding.hpp"

#include <thread>

namespace coroutine_model {
namespace {

using contract::wakeup;

class woken_by_event final : public contract::session<wakeup> {
public:
    woken_by_event(wakeup::params const& params, std::uint64_t seed, siding::loop_options options)
        : params_(params), seed_(seed), loop_(options) {}

    wakeup::outcome run(contract::probe& probe) override {
        ledger_.restart(seed_);
        loop_.run_until_complete(sleep_and_wake(probe));
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

private:
    siding::coroutine<> sleep_and_wake(contract::probe& probe) {
        siding::event woken;
        std::jthread const waker([&] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_,
                                    [&] { loop_.call_soon_threadsafe([&] { woken.set(); }); });
        });
        for (std::uint64_t i = 0; i < params_.wakes; ++i) {
            co_await woken.wait();
            woken.clear();
            ledger_.arrived(probe);
        }
    }

    wakeup::params params_;
    std::uint64_t seed_;
    siding::loop loop_;
    kernel::wake_ledger ledger_;
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup_epoll(wakeup::params const& params,
                                                             wakeup::environment const& around) {
    return std::make_unique<woken_by_event>(params, around.limits.seed, siding::loop_options{});
}

std::unique_ptr<contract::session<wakeup>> make_wakeup_io_uring(wakeup::params const& params,
                                                                wakeup::environment const& around) {
    return std::make_unique<woken_by_event>(params, around.limits.seed, on_io_uring());
}

} // namespace coroutine_model
