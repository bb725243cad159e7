// SPDX-License-Identifier: MIT
#pragma once

#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <functional>
#include <optional>
#include <sys/types.h>

namespace client {

/// Connects, warms up and runs the measured window of a load. `go` is called once all is
/// prepared and returns when the load may start. Throws load_error.
[[nodiscard]] measured run_load(load const& asked, std::optional<pid_t> server,
                                std::function<void()> const& go);

} // namespace client
