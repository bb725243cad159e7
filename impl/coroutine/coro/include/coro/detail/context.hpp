// SPDX-License-Identifier: MIT
#pragma once

#include "coro/detail/pool.hpp"

#include <cstdint>
#include <utility>

namespace coro::detail {

/// One binding of a context variable. A context is a list of bindings, newest first, that never
/// changes: copying it is copying a pointer, and setting a variable puts a node in front.
struct context_node {
    context_node(void const* variable, context_node* rest) noexcept : key(variable), next(rest) {}
    context_node(context_node const&) = delete;
    context_node& operator=(context_node const&) = delete;
    virtual ~context_node() = default;

    void const* key;
    context_node* next; ///< owned reference
    std::uint32_t references = 1;
};

inline context_node* share(context_node* context) noexcept {
    if (context != nullptr) ++context->references;
    return context;
}

inline void release(context_node* context) noexcept {
    while (context != nullptr && --context->references == 0) { // a loop: lists may be long
        delete std::exchange(context, context->next);
    }
}

/// The context in which this thread's code runs now; a borrowed pointer.
[[nodiscard]] context_node* current_context() noexcept;
/// Takes ownership of `context`.
void replace_current_context(context_node* context);

} // namespace coro::detail
