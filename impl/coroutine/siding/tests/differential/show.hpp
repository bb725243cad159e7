// SPDX-License-Identifier: MIT
#pragma once

#include "siding/siding.hpp"

#include <exception>
#include <string>
#include <vector>

namespace differential {

// Values and exceptions as asyncio_executor.py prints them.

[[nodiscard]] std::string show_error(std::exception_ptr const& failure);
[[nodiscard]] std::string show(std::vector<std::string> const& list);
[[nodiscard]] std::string show(std::vector<siding::outcome<std::string>> const& list);
[[nodiscard]] inline std::string show(bool value) { return value ? "yes" : "no"; }
/// Without the number of a task that has none of our names: how they are counted is no semantics.
[[nodiscard]] std::string short_name(siding::any_task const& task);

} // namespace differential
