// SPDX-License-Identifier: MIT
// A buffered_channel into which a thread pushes and from which a fiber pops: Boost.Fiber's channels
// work across threads, and its scheduler is told by `notify`, here a write to an eventfd.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/wake.hpp"

#include <boost/fiber/buffered_channel.hpp>
#include <thread>

namespace fiber {
namespace {

using contract::wakeup;

class popping_fiber final : public contract::session<wakeup> {
public:
    popping_fiber(wakeup::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    wakeup::outcome run(contract::probe& probe) override {
        ledger_.restart(seed_);
        boost::fibers::buffered_channel<bool> woken(2);
        std::jthread const waker([&] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_, [&] { woken.push(true); });
        });
        for (std::uint64_t i = 0; i < params_.wakes; ++i) {
            static_cast<void>(woken.value_pop());
            ledger_.arrived(probe);
        }
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

private:
    wakeup::params params_;
    std::uint64_t seed_;
    scheduled_thread thread_;
    kernel::wake_ledger ledger_;
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup(wakeup::params const& params,
                                                       wakeup::environment const& around) {
    return std::make_unique<popping_fiber>(params, around.limits.seed);
}

} // namespace fiber
