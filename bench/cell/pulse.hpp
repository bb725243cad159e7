// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace cell {

/// How long a program of fixed work takes on the CPUs of a cell, as it says itself: run at both
/// edges of a session, it shows how fast the machine is just then. "" where it cannot be run, or
/// where counters would count it.
[[nodiscard]] std::string take_pulse(setting const&);

/// The field of a sample, null for "".
[[nodiscard]] nlohmann::json pulse_field(std::string const& line);

} // namespace cell
