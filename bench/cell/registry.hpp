// SPDX-License-Identifier: MIT
#pragma once

#include "cell/setting.hpp"

namespace cell {

/// Registers a benchmark with Google Benchmark for each cell and point that the command line asks
/// for. `process` must outlive them. Throws usage_error.
void register_benchmarks(process_setting& process);

} // namespace cell
