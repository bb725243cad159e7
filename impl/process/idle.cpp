// SPDX-License-Identifier: MIT
// A forked child a unit, waiting on a futex in shared memory: its copied pages, page tables and
// kernel stack. A child's own memory grows by pages: what is smaller is found as none or as 4,096.
#include "cells.hpp"
#include "child.hpp"
#include "child_limit.hpp"
#include "futex.hpp"
#include "kernel/ballast.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <chrono>
#include <vector>

namespace process {
namespace {

using contract::idle;
using namespace std::chrono_literals;

class waiting_children final : public contract::session<idle> {
public:
    waiting_children(idle::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    idle::outcome run(contract::probe& probe) override {
        ::new (&state()) shared_state{};
        units_.reserve(params_.units);
        for (auto const step : idle::steps(params_)) {
            for (auto i = units_.size(); i < step; ++i) {
                units_.emplace_back([this, &probe, i] { live(i, probe); });
            }
            wait_for_arrival_of(step);
            probe.look();
        }
        // Release: nothing but the word itself is handed over.
        state().open.store(1, std::memory_order_release);
        futex_wake_all(state().open);
        for (auto& each : units_) {
            each.join();
        }
        units_.clear();
        return {state().released.load(), state().sum.load()};
    }

private:
    struct shared_state {
        std::atomic<std::uint32_t> waiting;
        std::atomic<std::uint32_t> open;
        std::atomic<std::uint64_t> released;
        std::atomic<std::uint64_t> sum;
    };

    [[nodiscard]] shared_state& state() const noexcept { return state_[0]; }

    void live(std::uint64_t i, contract::probe& probe) const {
        kernel::ballast const ballast(seed_, i, params_.ballast_bytes);
        probe.begin(i);
        // Release: the parent that has counted all sees what each has noted.
        state().waiting.fetch_add(1, std::memory_order_release);
        futex_wake_all(state().waiting);
        while (state().open.load(std::memory_order_acquire) == 0) {
            futex_wait(state().open, 0);
        }
        probe.end(i);
        state().sum.fetch_add(ballast.value(seed_, i, params_.ballast_bytes));
        state().released.fetch_add(1);
    }

    void wait_for_arrival_of(std::uint64_t step) {
        auto& waiting = state().waiting;
        for (auto seen = waiting.load(std::memory_order_acquire); seen != step;
             seen = waiting.load(std::memory_order_acquire)) {
            futex_wait(waiting, seen, 1s);
            if (waiting.load(std::memory_order_relaxed) != seen) continue;
            for (auto& each : units_) {
                each.expect_alive();
            }
        }
    }

    idle::params params_;
    std::uint64_t seed_;
    shared_array<shared_state> state_{1};
    std::vector<child> units_;
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    require_children(params.units, "unit");
    return std::make_unique<waiting_children>(params, around.limits.seed);
}

} // namespace process
