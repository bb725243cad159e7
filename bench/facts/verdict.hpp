// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cell {

enum class verdict {
    ok,
    wrong,
    timeout,
    crashed,
    over_budget,
    rig_limited,
    overloaded,
    unstable,
    declined,
    skipped
};

inline constexpr std::array verdict_names{
    std::string_view("ok"),          std::string_view("wrong"),
    std::string_view("timeout"),     std::string_view("crashed"),
    std::string_view("over_budget"), std::string_view("rig_limited"),
    std::string_view("overloaded"),  std::string_view("unstable"),
    std::string_view("declined"),    std::string_view("skipped"),
};

[[nodiscard]] constexpr std::string_view name_of(verdict v) noexcept {
    return verdict_names[static_cast<std::size_t>(v)];
}

/// The process fails: a number that was measured must not be used.
[[nodiscard]] constexpr bool is_failure(verdict v) noexcept {
    return v == verdict::wrong || v == verdict::timeout || v == verdict::crashed ||
           v == verdict::over_budget;
}

/// A verdict and, unless it is `ok`, its reason in one line.
struct judgement {
    cell::verdict verdict = verdict::ok;
    std::string reason;
};

/// The harness itself failed; nothing is known of the model. Exit code 4.
struct harness_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The command line cannot be obeyed. Exit code 64.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_harness = 4;
inline constexpr int exit_usage = 64;

} // namespace cell
