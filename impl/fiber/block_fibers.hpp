// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/hash_blocks.hpp"
#include "kernel/hash.hpp"

#include <algorithm>
#include <atomic>
#include <boost/fiber/future.hpp>
#include <boost/fiber/operations.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace fiber {

/// Hashes all blocks on `fibers` fibers. Each draws the next block, hashes it and yields, as a
/// fiber must that computes for long. Which threads they run on is the scheduler's matter.
template <class StackAllocator>
contract::hash_blocks::outcome hash_on_fibers(contract::hash_blocks::params const& params,
                                              std::uint64_t seed, std::uint64_t fibers,
                                              StackAllocator stacks, auto&& started) {
    using outcome = contract::hash_blocks::outcome;
    std::atomic<std::uint64_t> next = 0;
    auto const hash_until_none_is_left = [&] {
        outcome part;
        // Relaxed: the counter only deals out numbers; the futures publish the sums.
        for (auto block = next.fetch_add(1, std::memory_order_relaxed); block < params.blocks;
             block = next.fetch_add(1, std::memory_order_relaxed)) {
            part.checksum += kernel::hash_block(seed, block, params.block_bytes, params.passes);
            ++part.blocks;
            boost::this_fiber::yield();
        }
        return part;
    };
    std::vector<boost::fibers::future<outcome>> parts(std::min(fibers, params.blocks));
    for (auto& part : parts) {
        part = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, stacks,
                                    hash_until_none_is_left);
    }
    started();
    // All must have ended before the first exception leaves: they refer to what is on this stack.
    for (auto const& part : parts) {
        part.wait();
    }
    outcome total;
    for (auto& part : parts) {
        auto const [blocks, checksum] = part.get();
        total.blocks += blocks;
        total.checksum += checksum;
    }
    return total;
}

} // namespace fiber
