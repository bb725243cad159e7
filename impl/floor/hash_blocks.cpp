// SPDX-License-Identifier: MIT
// `workers` threads, the caller one of them, hash in a tight loop. They draw ranges of blocks from
// one counter, 64 draws a worker, which costs nothing and evens out a CPU that is disturbed. The
// threads are made before the clock and sleep on a futex between runs.
#include "cells.hpp"
#include "kernel/hash.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace floor_model {
namespace {

using contract::hash_blocks;

class raw_threads final : public contract::session<hash_blocks> {
public:
    raw_threads(hash_blocks::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          helpers_(limits.workers - 1),
          draw_(std::max<std::uint64_t>(params.blocks / (limits.workers * 64ull), 1)) {
        try {
            for (unsigned helper = 0; helper < helpers_; ++helper) {
                threads_.emplace_back([this] { help(); });
            }
        } catch (...) {
            end_helpers(); // those that were made, or joining them would take for ever
            throw;
        }
    }

    ~raw_threads() override { end_helpers(); }

    hash_blocks::outcome run(contract::probe&) override {
        next_ = 0;
        blocks_ = 0;
        checksum_ = 0;
        start_helpers();
        work();
        for (auto idle = idle_.load(); idle != helpers_; idle = idle_.load()) {
            idle_.wait(idle);
        }
        if (failure_) std::rethrow_exception(failure_);
        return {blocks_, checksum_};
    }

private:
    void start_helpers() {
        idle_ = 0;
        // Sequentially consistent, like every atomic here: a helper that sees the new round sees
        // the counters of this round. The cost is per run or per draw, not per block.
        ++round_;
        round_.notify_all();
    }

    void end_helpers() {
        ended_ = true;
        start_helpers();
    }

    void help() {
        for (std::uint32_t round = 0;;) {
            round_.wait(round);
            ++round;
            if (ended_) return;
            work();
            if (++idle_ == helpers_) idle_.notify_one();
        }
    }

    void work() noexcept try {
        std::uint64_t blocks = 0;
        std::uint64_t checksum = 0;
        for (auto first = next_.fetch_add(draw_); first < params_.blocks;
             first = next_.fetch_add(draw_)) {
            auto const last = std::min(first + draw_, params_.blocks);
            for (auto block = first; block < last; ++block) {
                checksum += kernel::hash_block(seed_, block, params_.block_bytes, params_.passes);
            }
            blocks += last - first;
        }
        blocks_ += blocks;
        checksum_ += checksum;
    } catch (...) {
        if (!failed_.exchange(true)) failure_ = std::current_exception();
    }

    hash_blocks::params params_;
    std::uint64_t seed_;
    std::uint32_t helpers_;
    std::uint64_t draw_; ///< blocks
    alignas(64) std::atomic<std::uint64_t> next_ = 0;
    alignas(64) std::atomic<std::uint32_t> round_ = 0;
    std::atomic<std::uint32_t> idle_ = 0;
    std::atomic<std::uint64_t> blocks_ = 0;
    std::atomic<std::uint64_t> checksum_ = 0;
    std::atomic<bool> ended_ = false;
    std::atomic<bool> failed_ = false;
    std::exception_ptr failure_; ///< written once by the winner of `failed_`, read when all idle
    std::vector<std::jthread> threads_; ///< last: joined before anything they use is destroyed
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& environment) {
    return std::make_unique<raw_threads>(params, environment.limits);
}

} // namespace floor_model
