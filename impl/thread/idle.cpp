// SPDX-License-Identifier: MIT
// A std::thread a unit, waiting on one condition variable: the touched pages of its stack (8 MiB
// are reserved), its kernel stack, its page tables.
#include "cells.hpp"
#include "kernel/ballast.hpp"
#include "thread_limit.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::idle;

/// As for `spawn`: beyond this the threads are made for seconds.
constexpr std::uint64_t most_units = 20'000;

class waiting_threads final : public contract::session<idle> {
public:
    waiting_threads(idle::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    idle::outcome run(contract::probe& probe) override {
        outcome_ = {};
        waiting_ = 0;
        open_ = false;
        // Joined on the way out, whatever happens: first the gate is opened.
        struct joined_at_end {
            explicit joined_at_end(waiting_threads& of) : owner(of) {}
            ~joined_at_end() { owner.release_and_join(); }
            waiting_threads& owner;
        } const guard(*this);
        units_.reserve(params_.units);
        for (auto const step : idle::steps(params_)) {
            for (auto i = units_.size(); i < step; ++i) {
                // The ballast is made here: the first allocation in a thread would bring glibc's
                // cache of the thread with it.
                units_.emplace_back(
                    [this, &probe, i, ballast = kernel::ballast(seed_, i, params_.ballast_bytes)] {
                        live(i, ballast, probe);
                    });
            }
            std::unique_lock lock(mutex_);
            arrived_.wait(lock, [&] { return waiting_ == step; });
            lock.unlock();
            probe.look();
        }
        release_and_join();
        return outcome_;
    }

private:
    void live(std::uint64_t i, kernel::ballast const& ballast, contract::probe& probe) {
        std::unique_lock lock(mutex_);
        probe.begin(i);
        ++waiting_;
        arrived_.notify_one();
        gate_.wait(lock, [this] { return open_; });
        probe.end(i);
        outcome_.sum += ballast.value(seed_, i, params_.ballast_bytes);
        ++outcome_.released;
    }

    void release_and_join() {
        {
            std::lock_guard const lock(mutex_);
            open_ = true;
        }
        gate_.notify_all();
        for (auto& each : units_) {
            each.join();
        }
        units_.clear();
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    std::uint64_t waiting_ = 0;
    bool open_ = false;
    std::mutex mutex_;
    std::condition_variable gate_;
    std::condition_variable arrived_;
    std::vector<std::thread> units_;
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("a thread per unit: at most " + std::to_string(most_units) +
                                       " units, or a run would take seconds");
    }
    require_threads(params.units, "unit");
    return std::make_unique<waiting_threads>(params, around.limits.seed);
}

} // namespace thread_model
