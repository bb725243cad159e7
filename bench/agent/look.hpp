// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace agent {

/// What the link to the agent at `endpoint` is, seen from this end: the interface that has
/// `address`, and how long a byte takes to the agent and back. Throws unreachable.
[[nodiscard]] nlohmann::json look(std::uint32_t address, std::string const& endpoint);

} // namespace agent
