// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/backend.hpp"

#include <linux/io_uring.h>

namespace siding::detail {

/// Fills in a zeroed submission entry with what the kernel is to do for `op`: all but the user
/// data.
void describe(io_operation const& op, io_uring_sqe& entry) noexcept;

} // namespace siding::detail
