// SPDX-License-Identifier: MIT
// A fiber a unit, waiting on one boost::fibers::condition_variable: its stack of 16 KiB, of which
// the pages that it has touched count, with the fiber's own record on it.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/ballast.hpp"
#include "stack.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <mutex>
#include <string>
#include <vector>

namespace fiber {
namespace {

using contract::idle;

/// Beyond this the stacks would fill the memory of a small machine.
constexpr std::uint64_t most_units = 100'000;

class waiting_fibers final : public contract::session<idle> {
public:
    waiting_fibers(idle::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {}

    idle::outcome run(contract::probe& probe) override {
        outcome_ = {};
        waiting_ = 0;
        open_ = false;
        units_.reserve(params_.units);
        for (auto const step : idle::steps(params_)) {
            for (auto i = units_.size(); i < step; ++i) {
                units_.emplace_back(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                    [this, &probe, i] { live(i, probe); });
            }
            std::unique_lock lock(mutex_);
            arrived_.wait(lock, [&] { return waiting_ == step; });
            lock.unlock();
            probe.look();
        }
        {
            std::lock_guard const lock(mutex_);
            open_ = true;
        }
        gate_.notify_all();
        for (auto& each : units_) {
            each.join();
        }
        units_.clear();
        return outcome_;
    }

private:
    void live(std::uint64_t i, contract::probe& probe) {
        kernel::ballast const ballast(seed_, i, params_.ballast_bytes);
        std::unique_lock lock(mutex_);
        probe.begin(i);
        ++waiting_;
        arrived_.notify_one();
        gate_.wait(lock, [this] { return open_; });
        probe.end(i);
        outcome_.sum += ballast.value(seed_, i, params_.ballast_bytes);
        ++outcome_.released;
    }

    idle::params params_;
    std::uint64_t seed_;
    idle::outcome outcome_;
    std::uint64_t waiting_ = 0;
    bool open_ = false;
    scheduled_thread thread_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable gate_;
    boost::fibers::condition_variable arrived_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<boost::fibers::fiber> units_;
};

} // namespace

std::unique_ptr<contract::session<idle>> make_idle(idle::params const& params,
                                                   idle::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("one stack of 16 KiB per unit: at most " +
                                       std::to_string(most_units) + " units");
    }
    return std::make_unique<waiting_fibers>(params, around.limits.seed);
}

} // namespace fiber
