// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <nlohmann/json.hpp>

namespace client {

/// The report of docs/protocol.md, guards and verdict included.
[[nodiscard]] nlohmann::json report(load const& asked, measured const& seen);

} // namespace client
