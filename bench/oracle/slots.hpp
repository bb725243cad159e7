// SPDX-License-Identifier: MIT
#pragma once

#include "contract/probe.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>

/// What the probe's slots must show, whatever the workload.
namespace oracle {

/// Every operation was begun and ended, and none was shorter than `least_ns(i)`.
[[nodiscard]] std::string
check_durations(std::span<contract::latency_slot const>,
                std::function<std::uint64_t(std::uint64_t)> const& least_ns);

/// There was a moment at which `least` operations were in progress.
[[nodiscard]] std::string check_at_once(std::span<contract::latency_slot const>,
                                        std::uint64_t least);

/// There was no moment at which more than `most` operations were in progress.
[[nodiscard]] std::string check_at_most(std::span<contract::latency_slot const>,
                                        std::uint64_t most);

} // namespace oracle
