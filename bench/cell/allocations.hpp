// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace cell {

/// What this process and its forked children have allocated so far, if bench/count is preloaded.
struct allocations {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
};

[[nodiscard]] std::optional<allocations> read_allocations();

/// The fields `allocations` and `allocated_bytes` of a sample: null in a process that measures.
[[nodiscard]] nlohmann::json allocated_between(std::optional<allocations> const& before,
                                               std::optional<allocations> const& after);

} // namespace cell
