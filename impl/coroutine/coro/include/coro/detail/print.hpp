// SPDX-License-Identifier: MIT
#pragma once

#include "coro/loop.hpp"

namespace coro::detail {

/// What a loop without an exception handler does: one line on standard error.
void print(exception_context const& context) noexcept;

} // namespace coro::detail
