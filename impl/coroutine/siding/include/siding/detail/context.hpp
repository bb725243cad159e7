// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/pool.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace siding::detail {

/// One binding of a context variable. A context is a list of bindings, newest first, that never
/// changes: copying it is copying a pointer, and setting a variable puts a node in front.
struct context_node {
    context_node(void const* variable, context_node* rest) noexcept : key(variable), next(rest) {}
    context_node(context_node const&) = delete;
    context_node& operator=(context_node const&) = delete;
    virtual ~context_node() = default;

    void const* key;
    context_node* next;                        ///< owned reference
    std::atomic<std::uint32_t> references = 1; ///< to_thread shares contexts with threads
};

inline context_node* share(context_node* context) noexcept {
    // relaxed: who copies the pointer holds a reference already.
    if (context != nullptr) context->references.fetch_add(1, std::memory_order_relaxed);
    return context;
}

inline void release(context_node* context) noexcept {
    // acq_rel: the last to let go sees all that the others did. A loop: lists may be long.
    while (context != nullptr && context->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete std::exchange(context, context->next);
    }
}

/// The context in which this thread's code runs now; a borrowed pointer.
[[nodiscard]] context_node* current_context() noexcept;
/// Takes ownership of `context`.
void replace_current_context(context_node* context);

/// In a thread without a loop: `values` are the current context as long as this lives.
class thread_context {
public:
    explicit thread_context(context_node* values) noexcept;
    thread_context(thread_context const&) = delete;
    thread_context& operator=(thread_context const&) = delete;
    ~thread_context();

private:
    context_node* before_;
};

} // namespace siding::detail
