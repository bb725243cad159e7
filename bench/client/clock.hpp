// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

namespace client {

[[nodiscard]] inline std::uint64_t read_ns(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

/// CLOCK_MONOTONIC: the one clock of every latency.
[[nodiscard]] inline std::uint64_t now_ns() noexcept { return read_ns(CLOCK_MONOTONIC); }
[[nodiscard]] inline std::uint64_t own_cpu_ns() noexcept {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

} // namespace client
