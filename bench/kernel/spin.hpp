// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace kernel {

/// Keeps the CPU busy until `length` has passed on CLOCK_MONOTONIC.
void spin_for(std::chrono::nanoseconds length) noexcept;

} // namespace kernel
