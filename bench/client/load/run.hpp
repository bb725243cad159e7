// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <functional>
#include <optional>

namespace client {

/// Connects, warms up and runs the measured window of a load. `go` is called once all is
/// prepared and returns when the load may start, with the process to be watched.
/// Throws load_error.
[[nodiscard]] measured run_load(load const& asked, std::optional<int> account_fd,
                                std::function<watched()> const& go);

} // namespace client
