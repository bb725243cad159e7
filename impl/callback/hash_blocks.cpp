// SPDX-License-Identifier: MIT
// CPU-bound work must not hold up the loop: uv_queue_work hands a block to libuv's thread pool and
// the callback on the loop adds its hash and queues the next. The pool has `workers` threads and is
// started before the clock.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/hash.hpp"
#include "thread_pool_size.hpp"

#include <algorithm>
#include <exception>
#include <vector>

namespace callback {
namespace {

using contract::hash_blocks;

/// Enough that no thread of the pool waits for the loop, however late the loop is.
constexpr std::uint64_t queued_per_worker = 16;

class thread_pool;

struct job {
    uv_work_t work; ///< `data` points to this job
    thread_pool* owner;
    std::uint64_t block;
    std::uint64_t hash;
    std::exception_ptr failure;
};

class thread_pool final : public contract::session<hash_blocks> {
public:
    thread_pool(hash_blocks::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          jobs_(std::min(params.blocks, limits.workers * queued_per_worker)) {
        size_thread_pool(limits.workers);
        for (auto& job : jobs_) {
            job.work.data = &job;
            job.owner = this;
        }
        // The first piece of work starts all threads of the pool.
        checked(::uv_queue_work(
                    loop_.get(), &jobs_[0].work, [](uv_work_t*) {}, nullptr),
                "uv_queue_work");
        loop_.run();
    }

    hash_blocks::outcome run(contract::probe&) override {
        outcome_ = {};
        next_ = 0;
        for (auto& job : jobs_) {
            queue(job);
        }
        loop_.run();
        return outcome_;
    }

private:
    void queue(job& j) {
        j.block = next_++;
        checked(::uv_queue_work(loop_.get(), &j.work, &hash, &hashed), "uv_queue_work");
    }

    /// On a thread of the pool.
    static void hash(uv_work_t* work) {
        auto& job = *static_cast<callback::job*>(work->data);
        auto const& params = job.owner->params_;
        try {
            job.hash =
                kernel::hash_block(job.owner->seed_, job.block, params.block_bytes, params.passes);
        } catch (...) {
            job.failure = std::current_exception();
        }
    }

    /// On the loop.
    static void hashed(uv_work_t* work, int) {
        auto& job = *static_cast<callback::job*>(work->data);
        auto& self = *job.owner;
        if (job.failure) return self.loop_.fail(job.failure);
        self.outcome_.checksum += job.hash;
        ++self.outcome_.blocks;
        if (self.next_ < self.params_.blocks) self.queue(job);
    }

    hash_blocks::params params_;
    std::uint64_t seed_;
    hash_blocks::outcome outcome_;
    std::uint64_t next_ = 0;
    std::vector<job> jobs_;
    event_loop loop_; ///< last: its destructor waits for the work that is still queued
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks_on_pool(hash_blocks::params const& params,
                         hash_blocks::environment const& environment) {
    return std::make_unique<thread_pool>(params, environment.limits);
}

} // namespace callback
