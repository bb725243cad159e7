// SPDX-License-Identifier: MIT
// A task a block on the one thread of the loop: there is nothing to wait for, so nothing overlaps,
// and the time is that of `serial` plus the price of the tasks. Coroutines do not make work
// parallel.

#include "cells.hpp"

#include "kernel/hash.hpp"
#include "siding/siding.hpp"

#include <vector>

namespace coroutine_model {
namespace {

using contract::hash_blocks;

class hash_blocks_session final : public contract::session<hash_blocks> {
public:
    hash_blocks_session(hash_blocks::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    hash_blocks::outcome run(contract::probe&) override { return siding::run(hash_all()); }

private:
    siding::coroutine<std::uint64_t> hash_one(std::uint64_t block) {
        co_return kernel::hash_block(seed_, block, params_.block_bytes, params_.passes);
    }

    siding::coroutine<hash_blocks::outcome> hash_all() {
        std::vector<siding::task<std::uint64_t>> tasks;
        tasks.reserve(params_.blocks);
        for (std::uint64_t block = 0; block < params_.blocks; ++block) {
            tasks.push_back(siding::create_task(hash_one(block)));
        }
        hash_blocks::outcome out;
        for (auto const& each : tasks) {
            out.checksum += co_await each;
            ++out.blocks;
        }
        co_return out;
    }

    hash_blocks::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& around) {
    return std::make_unique<hash_blocks_session>(params, around.limits.seed);
}

} // namespace coroutine_model
