// SPDX-License-Identifier: MIT
// parallel_reduce over the blocks, divided by the library as it sees threads become idle. The arena
// has `workers` threads, the caller one of them.
#include "cells.hpp"
#include "kernel/hash.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

namespace tbb_model {
namespace {

namespace tbb = oneapi::tbb;
using contract::hash_blocks;

class reduction final : public contract::session<hash_blocks> {
public:
    reduction(hash_blocks::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          most_threads_(tbb::global_control::max_allowed_parallelism, limits.workers),
          arena_(static_cast<int>(limits.workers)) {
        arena_.initialize();
    }

    hash_blocks::outcome run(contract::probe&) override {
        using range = tbb::blocked_range<std::uint64_t>;
        return arena_.execute([this] {
            return tbb::parallel_reduce(
                range(0, params_.blocks), hash_blocks::outcome(),
                [this](range const& blocks, hash_blocks::outcome sum) {
                    for (auto block = blocks.begin(); block != blocks.end(); ++block) {
                        sum.checksum +=
                            kernel::hash_block(seed_, block, params_.block_bytes, params_.passes);
                        ++sum.blocks;
                    }
                    return sum;
                },
                [](hash_blocks::outcome const& a, hash_blocks::outcome const& b) {
                    return hash_blocks::outcome{a.blocks + b.blocks, a.checksum + b.checksum};
                });
        });
    }

private:
    hash_blocks::params params_;
    std::uint64_t seed_;
    tbb::global_control most_threads_;
    tbb::task_arena arena_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& around) {
    return std::make_unique<reduction>(params, around.limits);
}

} // namespace tbb_model
