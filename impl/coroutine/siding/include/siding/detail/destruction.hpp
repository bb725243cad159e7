// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>

namespace siding::detail {

struct future_core;
struct callback;

// What holds one another in a chain - tasks by the arguments of their coroutines, callbacks by what
// they captured, coroutines that never began - may be a million long. Each is destroyed inside of
// the one before only down to a certain depth; what lies deeper, when those have ended.

void destroy_in_turn(future_core& core) noexcept;
void destroy_in_turn(callback& call) noexcept;
void destroy_in_turn(std::coroutine_handle<> never_begun) noexcept;

} // namespace siding::detail
