// SPDX-License-Identifier: MIT
// `workers` pre-forked children; each takes the next block from an atomic index in shared memory
// until none is left, and leaves its sum in shared memory. The parent adds up.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/hash.hpp"
#include "shared_memory.hpp"

#include <atomic>

namespace process {
namespace {

using contract::hash_blocks;

class pre_forked final : public contract::session<hash_blocks> {
public:
    pre_forked(hash_blocks::params const& params, contract::budget const& limits)
        : outcomes_(limits.workers), children_(limits.workers, [&](std::uint64_t child) {
              return [this, params, seed = limits.seed, child](contract::probe&) {
                  outcomes_[child].value = hash_some(params, seed);
              };
          }) {}

    hash_blocks::outcome run(contract::probe& probe) override {
        next_[0].value.store(0, std::memory_order_relaxed);
        children_.run(probe);
        hash_blocks::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.blocks += mine.blocks;
            outcome.checksum += mine.checksum;
        }
        return outcome;
    }

private:
    hash_blocks::outcome hash_some(hash_blocks::params const& params, std::uint64_t seed) const {
        hash_blocks::outcome mine;
        for (;;) {
            // Relaxed: the index only hands out numbers.
            auto const block = next_[0].value.fetch_add(1, std::memory_order_relaxed);
            if (block >= params.blocks) return mine;
            mine.checksum += kernel::hash_block(seed, block, params.block_bytes, params.passes);
            ++mine.blocks;
        }
    }

    shared_array<own_line<std::atomic<std::uint64_t>>> next_{1};
    shared_array<own_line<hash_blocks::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& environment) {
    return std::make_unique<pre_forked>(params, environment.limits);
}

} // namespace process
