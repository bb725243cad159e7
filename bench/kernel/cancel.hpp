// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/random.hpp"

#include <cstdint>
#include <vector>

/// What all cells of `cancel` share.
namespace kernel::cancel {

/// One to two hours, so that each unit has a deadline of its own and none comes.
[[nodiscard]] std::uint64_t wait_ns(std::uint64_t seed, std::uint64_t unit) noexcept;

/// A random permutation of 0 to units - 1: neither the order of creation nor that of the deadlines,
/// in which a model's bookkeeping might be lucky.
[[nodiscard]] std::vector<std::uint64_t> order(std::uint64_t seed, std::uint64_t units);

[[nodiscard]] constexpr std::uint64_t waiting_mark(std::uint64_t seed,
                                                   std::uint64_t unit) noexcept {
    return mix(seed ^ unit);
}
[[nodiscard]] constexpr std::uint64_t cancelled_mark(std::uint64_t seed,
                                                     std::uint64_t unit) noexcept {
    return mix(waiting_mark(seed, unit));
}

} // namespace kernel::cancel
