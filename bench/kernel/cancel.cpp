// SPDX-License-Identifier: MIT
#include "kernel/cancel.hpp"

#include <numeric>
#include <utility>

namespace kernel::cancel {

std::uint64_t wait_ns(std::uint64_t seed, std::uint64_t unit) noexcept {
    return kernel::wait_ns(seed, unit, 3'600'000'000, 7'200'000'000);
}

std::vector<std::uint64_t> order(std::uint64_t seed, std::uint64_t units) {
    std::vector<std::uint64_t> shuffled(units);
    std::iota(shuffled.begin(), shuffled.end(), std::uint64_t{0});
    for (auto left = units; left > 1; --left) {
        std::swap(shuffled[left - 1], shuffled[mix(seed + mix(left)) % left]);
    }
    return shuffled;
}

} // namespace kernel::cancel
