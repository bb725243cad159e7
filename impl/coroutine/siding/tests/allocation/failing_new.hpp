// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace siding_test {

/// Makes the n-th allocation from now on, of any thread, fail once; 0: none.
void fail_allocation(std::size_t n) noexcept;
/// Allocations since then.
[[nodiscard]] std::size_t allocations() noexcept;

} // namespace siding_test
