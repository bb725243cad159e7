// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace siding {

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// The seam for time. A loop without one uses CLOCK_MONOTONIC; with one it never blocks for a timer
/// but lets the clock jump: tests of hours run in microseconds, and exactly.
class clock {
public:
    clock() = default;
    clock(clock const&) = delete;
    clock& operator=(clock const&) = delete;
    virtual ~clock() = default;

    [[nodiscard]] virtual time_point now() noexcept = 0;
    /// Nothing can run before `next`: make `now()` at least `next`.
    virtual void idle_until(time_point next) noexcept = 0;
};

/// Time that passes only when nobody has anything to do. Starts at 0.
class virtual_clock final : public clock {
public:
    [[nodiscard]] time_point now() noexcept override { return now_; }
    void idle_until(time_point next) noexcept override { now_ = next > now_ ? next : now_; }
    void advance(duration by) noexcept { now_ += by; }

private:
    time_point now_{};
};

} // namespace siding
