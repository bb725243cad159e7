// SPDX-License-Identifier: MIT
#include "kernel/fork_join/skynet.hpp"

namespace kernel {

std::uint64_t sum_of_leaves(std::uint64_t seed, std::uint64_t first, std::uint64_t count) noexcept {
    std::uint64_t sum = 0;
    for (auto leaf = first; leaf < first + count; ++leaf) {
        sum += mix(seed ^ leaf);
    }
    return sum;
}

} // namespace kernel
