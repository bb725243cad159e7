// SPDX-License-Identifier: MIT
#pragma once

#include "siding/loop.hpp"

namespace siding::detail {

/// What a loop without an exception handler does: one line on standard error.
void print(exception_context const& context) noexcept;

} // namespace siding::detail
