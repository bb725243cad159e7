// SPDX-License-Identifier: MIT
#pragma once

#include "count/counts.hpp"

#include <nlohmann/json.hpp>
#include <optional>

namespace cell {

/// What this process and its forked children have allocated, and under switchyard-calls their
/// system calls. Nothing in a process that measures, which has not preloaded bench/count.
[[nodiscard]] std::optional<count::snapshot> read_counts();

/// The fields `allocations`, `allocated_bytes` and `system_calls` of a sample; null what was not
/// counted.
[[nodiscard]] nlohmann::json counted_between(std::optional<count::snapshot> const& before,
                                             std::optional<count::snapshot> const& after);

} // namespace cell
