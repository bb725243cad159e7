// SPDX-License-Identifier: MIT
// Boost's work-sharing scheduler on `workers` threads, the caller one of them: ready fibers are in
// one queue, from which each thread takes the next. Between runs the threads sleep; the main fiber
// of each waits for the round to change, which wakes its thread.
#include "block_fibers.hpp"
#include "cells.hpp"

#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/algo/shared_work.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/mutex.hpp>
#include <mutex>
#include <thread>

namespace fiber {
namespace {

using contract::hash_blocks;

/// Enough that a thread finds a ready fiber while others are being hashed or woken.
constexpr std::uint64_t fibers_per_worker = 8;
/// From the heap, for a fiber ends on another thread than it began and the pool has no lock.
constexpr std::size_t stack_bytes = 65'536;

class work_sharing final : public contract::session<hash_blocks> {
public:
    work_sharing(hash_blocks::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), workers_(limits.workers) {
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>(sleeps_when_idle);
        try {
            for (unsigned helper = 1; helper < workers_; ++helper) {
                threads_.emplace_back([this] { help(); });
            }
        } catch (...) {
            end();
            throw;
        }
    }

    ~work_sharing() override { end(); }

    hash_blocks::outcome run(contract::probe&) override {
        return hash_on_fibers(params_, seed_, workers_ * fibers_per_worker,
                              boost::fibers::fixedsize_stack(stack_bytes),
                              [this] { wake_helpers(); });
    }

private:
    static constexpr bool sleeps_when_idle = true;

    /// The body of a helper: while its main fiber waits here, its thread runs shared fibers.
    void help() {
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>(sleeps_when_idle);
        std::unique_lock lock(mutex_);
        for (std::uint64_t seen = 0; !ended_;) {
            changed_.wait(lock, [&] { return round_ != seen; });
            seen = round_;
        }
    }

    void wake_helpers() {
        std::unique_lock lock(mutex_);
        ++round_;
        changed_.notify_all();
    }

    void end() {
        {
            std::unique_lock lock(mutex_);
            ended_ = true;
        }
        wake_helpers();
        threads_.clear();
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::round_robin>();
    }

    hash_blocks::params params_;
    std::uint64_t seed_;
    unsigned workers_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable changed_;
    std::uint64_t round_ = 0;
    bool ended_ = false;
    std::vector<std::jthread> threads_; ///< joined by `end`, before what they use is destroyed
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks_work_sharing(hash_blocks::params const& params,
                              hash_blocks::environment const& environment) {
    return std::make_unique<work_sharing>(params, environment.limits);
}

} // namespace fiber
