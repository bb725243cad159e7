// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace histogram {

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::vector<std::uint8_t> const& bytes);

/// Throws std::invalid_argument.
[[nodiscard]] std::vector<std::uint8_t> from_base64(std::string_view text);

} // namespace histogram
