// SPDX-License-Identifier: MIT
// sched_yield in two children, forked in make, that stay on one CPU: as two threads, but the
// kernel switches address spaces as well. Whose turn it is stands in shared memory.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/random.hpp"
#include "on_cpu.hpp"

#include <atomic>

namespace process {
namespace {

using contract::yield;

class yielding_children final : public contract::session<yield> {
public:
    yielding_children(yield::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          children_(params.units, [this, cpu = limits.cpus.front()](std::uint64_t unit) {
              stay_on_cpu(cpu);
              return [this, unit](contract::probe&) { take_turns(unit); };
          }) {}

    yield::outcome run(contract::probe& probe) override {
        shared().outcome = {.turns = 0, .chain = seed_};
        shared().next.store(0, std::memory_order_relaxed);
        children_.run(probe);
        return shared().outcome;
    }

private:
    struct shared_state {
        yield::outcome outcome;
        std::atomic<std::uint64_t> next; ///< whose turn it is
    };

    [[nodiscard]] shared_state& shared() const noexcept { return shared_[0]; }

    void take_turns(std::uint64_t unit) const {
        auto& [outcome, next] = shared();
        for (std::uint64_t taken = 0; taken < params_.turns; ++taken) {
            // Acquire: sees the outcome as the unit before left it.
            while (next.load(std::memory_order_acquire) != unit) {
                ::sched_yield();
            }
            outcome.chain = kernel::mix(outcome.chain + unit);
            ++outcome.turns;
            // Release: hands the outcome to the next.
            next.store(unit + 1 == params_.units ? 0 : unit + 1, std::memory_order_release);
        }
    }

    yield::params params_;
    std::uint64_t seed_;
    shared_array<shared_state> shared_{1};
    child_pool children_; ///< last: ended before what they share is unmapped
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield(yield::params const& params,
                                                     yield::environment const& around) {
    if (params.units > 2) {
        throw contract::declined_error("with more than two processes sched_yield does not tell "
                                       "which runs next: most yields would go to one that is not "
                                       "due");
    }
    return std::make_unique<yielding_children>(params, around.limits);
}

} // namespace process
