// SPDX-License-Identifier: MIT
#pragma once

#include "client/edges.hpp"
#include "client/load/load.hpp"
#include "client/measured.hpp"

#include <functional>
#include <memory>

namespace client {

/// Connects, warms up and runs the measured window of a load. `go` is called once all is
/// prepared and returns when the load may start, with who reads the server's clocks.
/// Throws load_error.
[[nodiscard]] measured run_load(load const& asked,
                                std::function<std::unique_ptr<edges>()> const& go);

} // namespace client
