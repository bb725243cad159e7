// SPDX-License-Identifier: MIT
// A pool of `workers` threads; each takes the next block from a shared atomic index until none is
// left, so that a slow core takes fewer. Sums are kept per thread and added at the end.
#include "cells.hpp"
#include "kernel/hash.hpp"
#include "worker_pool.hpp"

#include <atomic>

namespace thread_model {
namespace {

using contract::hash_blocks;

class shared_index final : public contract::session<hash_blocks> {
public:
    shared_index(hash_blocks::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), pool_(limits.workers) {}

    hash_blocks::outcome run(contract::probe&) override {
        // Relaxed throughout: the index only hands out numbers, and the pool's mutex orders the
        // totals before they are read.
        std::atomic<std::uint64_t> next = 0;
        std::atomic<std::uint64_t> blocks = 0;
        std::atomic<std::uint64_t> checksum = 0;
        pool_.run([&](std::uint64_t) {
            hash_blocks::outcome mine;
            for (;;) {
                auto const block = next.fetch_add(1, std::memory_order_relaxed);
                if (block >= params_.blocks) break;
                mine.checksum +=
                    kernel::hash_block(seed_, block, params_.block_bytes, params_.passes);
                ++mine.blocks;
            }
            blocks.fetch_add(mine.blocks, std::memory_order_relaxed);
            checksum.fetch_add(mine.checksum, std::memory_order_relaxed);
        });
        return {blocks.load(std::memory_order_relaxed), checksum.load(std::memory_order_relaxed)};
    }

private:
    hash_blocks::params params_;
    std::uint64_t seed_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& environment) {
    return std::make_unique<shared_index>(params, environment.limits);
}

} // namespace thread_model
