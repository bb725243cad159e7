// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace agent {

/// The network interface that has `address`: its name, MTU, speed and offloads, as the kernel says
/// them; null if no interface has it.
[[nodiscard]] nlohmann::json interface_of(std::uint32_t address);

} // namespace agent
