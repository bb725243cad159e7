// SPDX-License-Identifier: MIT
// The unit is a child that sleeps on a POSIX semaphore in shared memory; the parent posts it.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/wake.hpp"
#include "semaphore.hpp"

namespace process {
namespace {

using contract::wakeup;

class woken_child final : public contract::session<wakeup> {
public:
    woken_child(wakeup::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), child_(1, [this](std::uint64_t) {
              return [this](contract::probe& probe) {
                  for (std::uint64_t i = 0; i < params_.wakes; ++i) {
                      shared().woken.wait();
                      shared().ledger.arrived(probe);
                  }
              };
          }) {}

    wakeup::outcome run(contract::probe& probe) override {
        shared().ledger.restart(seed_);
        child_.start(probe);
        kernel::wake_repeatedly(params_.wakes, std::chrono::microseconds(params_.pause_us), probe,
                                shared().ledger, [this] { shared().woken.post(); });
        child_.finish();
        return {.wakes = shared().ledger.count(), .chain = shared().ledger.chain()};
    }

private:
    struct shared_state {
        semaphore woken;
        kernel::wake_ledger ledger;
    };

    [[nodiscard]] shared_state& shared() const noexcept { return shared_[0]; }

    wakeup::params params_;
    std::uint64_t seed_;
    shared_array<shared_state> shared_{1};
    child_pool child_; ///< last: ended before what it shares is unmapped
};

} // namespace

std::unique_ptr<contract::session<wakeup>> make_wakeup(wakeup::params const& params,
                                                       wakeup::environment const& around) {
    return std::make_unique<woken_child>(params, around.limits.seed);
}

} // namespace process
