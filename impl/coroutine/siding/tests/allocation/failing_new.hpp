// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace siding_test {

/// Makes the n-th allocation from now on, of any thread, fail once; 0: none.
void fail_allocation(std::size_t n) noexcept;
/// From now on, requests for this many bytes or more fail; 0: none.
void fail_large_allocations(std::size_t least_bytes) noexcept;
/// Allocations since then.
[[nodiscard]] std::size_t allocations() noexcept;

} // namespace siding_test
