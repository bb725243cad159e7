// SPDX-License-Identifier: MIT
#pragma once

#include "facts/table/verdicts.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace facts {

[[nodiscard]] constexpr std::string_view name_of(verdict v) noexcept {
    return verdicts[static_cast<std::size_t>(v)].name;
}

/// Nothing if no verdict is called so.
[[nodiscard]] constexpr std::optional<verdict> verdict_named(std::string_view name) noexcept {
    auto const* const found =
        std::find_if(verdicts.begin(), verdicts.end(),
                     [name](verdict_entry const& entry) { return entry.name == name; });
    if (found == verdicts.end()) return {};
    return static_cast<verdict>(found - verdicts.begin());
}

/// The process fails: a number that was measured must not be used.
[[nodiscard]] constexpr bool is_failure(verdict v) noexcept {
    return verdicts[static_cast<std::size_t>(v)].kind == verdict_kind::failed;
}

/// The graver of two findings hides the other.
[[nodiscard]] constexpr bool is_graver(verdict one, verdict other) noexcept { return one < other; }

/// A verdict and, unless it is `ok`, its reason in one line.
struct judgement {
    facts::verdict verdict = facts::verdict::ok;
    std::string reason;
};

} // namespace facts
