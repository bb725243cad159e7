// SPDX-License-Identifier: MIT
// std::binary_semaphore: the unit is a thread that sleeps in `acquire`, woken by `release`.
#include "cells.hpp"
#include "kernel/wake.hpp"

#include <semaphore>
#include <thread>

namespace thread_model {
namespace {

using contract::wakeup;

class woken_thread final : public contract::session<wakeup> {
public:
    woken_thread(wakeup::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {}

    wakeup::outcome run(contract::probe& probe) override {
        ledger_.restart(seed_);
        std::jthread const waker([&] {
            kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us),
                                    probe, ledger_, [this] { woken_.release(); });
        });
        for (std::uint64_t i = 0; i < params_.wakes; ++i) {
            woken_.acquire();
            ledger_.arrived(probe);
        }
        return {.wakes = ledger_.count(), .chain = ledger_.chain()};
    }

private:
    wakeup::params params_;
    std::uint64_t seed_;
    kernel::wake_ledger ledger_;
    std::binary_semaphore woken_{0};
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup(wakeup::params const& params,
                                                       wakeup::environment const& around) {
    return std::make_unique<woken_thread>(params, around.limits.seed);
}

} // namespace thread_model
