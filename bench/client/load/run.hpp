// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <functional>
#include <optional>
#include <sys/types.h>

namespace client {

/// Connects, warms up and runs the measured window of a load. `go` is called once all is
/// prepared and returns when the load may start, with the process whose clocks are to be read.
/// Throws load_error.
[[nodiscard]] measured run_load(load const& asked, std::optional<int> account_fd,
                                std::function<std::optional<pid_t>()> const& go);

} // namespace client
