// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cell {

/// "did you mean a, b?" with the valid names nearest to `word`, or all of them if none is near.
[[nodiscard]] std::string nearest(std::string_view word, std::vector<std::string> const& valid);

} // namespace cell
