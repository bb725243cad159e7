// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace kernel {

/// Keeps the CPU busy until `length` has passed on CLOCK_MONOTONIC.
void spin_for(std::chrono::nanoseconds length) noexcept;

/// Uses `length` of CPU time of the calling thread, however long that takes: unlike `spin_for` it
/// costs as much when other threads want the CPU as well.
void burn(std::chrono::nanoseconds length) noexcept;

} // namespace kernel
