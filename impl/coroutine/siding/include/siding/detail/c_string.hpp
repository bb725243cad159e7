// SPDX-License-Identifier: MIT
#pragma once

#include "siding/errors.hpp"

#include <string>
#include <string_view>

namespace siding::detail {

/// Throws value_error if there is a NUL in `text`, which is `name` of something.
inline void expect_no_null(std::string_view text, char const* name) {
    if (text.find('\0') == std::string_view::npos) return;
    throw value_error("embedded null byte in the " + std::string(name));
}

/// `text` for an interface of C, which would silently drop what is behind a NUL. The only place
/// where text becomes such a string (`reference_test.py` looks).
[[nodiscard]] inline char const* c_string(std::string const& text, char const* name) {
    expect_no_null(text, name);
    return text.c_str();
}

} // namespace siding::detail
