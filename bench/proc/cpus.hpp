// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proc {

/// The CPUs that this process may use, ascending.
[[nodiscard]] std::vector<int> allowed_cpus();

/// "0,2-4" as numbers. Throws usage_error, also for a CPU that is not among `allowed`.
[[nodiscard]] std::vector<int> parse_cpus(std::string_view flag, std::string_view list,
                                          std::vector<int> const& allowed);

/// Pins the calling thread, and what it starts from now on. Async-signal-safe.
void pin_to(std::vector<int> const& cpus);

/// Raises the soft limit of open descriptors to the hard one, which is returned.
std::size_t raise_descriptor_limit();

} // namespace proc
