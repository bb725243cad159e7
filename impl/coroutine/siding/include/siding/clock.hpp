// SPDX-License-Identifier: MIT
#pragma once

#include "siding/errors.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ratio>
#include <type_traits>

namespace siding {

using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

namespace detail {

/// Any length of time in nanoseconds. What does not fit is the longest there is, which means "for
/// ever"; the only place where a length of time is converted. Throws value_error for "not a
/// number".
template <class Rep, class Period>
[[nodiscard]] constexpr duration saturated(std::chrono::duration<Rep, Period> const& length) {
    using to_ns = std::ratio_divide<Period, std::nano>;
    auto const count = length.count();
    if constexpr (std::floating_point<Rep>) {
        if (count != count) throw value_error("Invalid delay: NaN (not a number)");
        auto const ns = static_cast<long double>(count) * to_ns::num / to_ns::den;
        if (ns >= static_cast<long double>(duration::max().count())) return duration::max();
        if (ns <= static_cast<long double>(duration::min().count())) return duration::min();
        auto const whole = static_cast<std::int64_t>(ns);
        return duration(whole + (static_cast<long double>(whole) < ns ? 1 : 0)); // never early
    } else if constexpr (std::integral<Rep>) {
        std::int64_t ns = 0;
        if (__builtin_mul_overflow(count, static_cast<std::int64_t>(to_ns::num), &ns)) {
            return count < 0 ? duration::min() : duration::max();
        }
        return duration(ns / to_ns::den);
    } else {
        return std::chrono::duration_cast<duration>(length);
    }
}

/// The deadline that never comes.
inline constexpr auto never_ns = static_cast<std::uint64_t>(duration::max().count());

/// `when` on the loop's clock, which begins at 0; what lies before it is due.
[[nodiscard]] constexpr std::uint64_t deadline_at(time_point when) noexcept {
    return static_cast<std::uint64_t>(std::max(when.time_since_epoch(), duration{0}).count());
}

/// `delay` after `now_ns`, or before it: what is due the longest comes first. Before the clock's
/// beginning is its beginning, and beyond the end of time is never.
[[nodiscard]] constexpr std::uint64_t deadline_after(std::uint64_t now_ns,
                                                     duration delay) noexcept {
    auto const ns = static_cast<std::uint64_t>(delay.count());
    if (delay.count() < 0) return now_ns - std::min(now_ns, ~ns + 1);
    return std::min(now_ns + ns, never_ns); // of two int64 that are not negative: it fits
}

[[nodiscard]] constexpr time_point as_time_point(std::uint64_t deadline_ns) noexcept {
    return time_point(duration(static_cast<std::int64_t>(deadline_ns)));
}

} // namespace detail

/// How long something may take: any std::chrono::duration, or std::nullopt for "no limit". So long
/// that it does not fit into 64 bits of nanoseconds (292 years) is no limit either. A floating
/// "not a number" is a value_error.
class time_limit {
public:
    constexpr time_limit(std::nullopt_t) noexcept {} // NOLINT: as std::optional
    template <class Rep, class Period>
    constexpr time_limit(std::chrono::duration<Rep, Period> const& length) // NOLINT
        : length_(detail::saturated(length)) {}
    template <class Rep, class Period>
    constexpr time_limit( // NOLINT
        std::optional<std::chrono::duration<Rep, Period>> const& length)
        : length_(length ? detail::saturated(*length) : duration::max()) {}

    [[nodiscard]] constexpr bool is_none() const noexcept { return length_ == duration::max(); }
    /// duration::max() without a limit.
    [[nodiscard]] constexpr duration length() const noexcept { return length_; }

private:
    duration length_ = duration::max();
};

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
    void advance(duration by) noexcept {
        idle_until(detail::as_time_point(detail::deadline_after(detail::deadline_at(now_), by)));
    }

private:
    time_point now_{};
};

} // namespace siding
