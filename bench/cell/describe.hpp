// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include <nlohmann/json.hpp>

namespace cell {

/// The answer to `--describe`, as docs/protocol.md specifies it; the workloads group by group.
[[nodiscard]] nlohmann::json describe(contract::model const& model);

} // namespace cell
