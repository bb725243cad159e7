// SPDX-License-Identifier: MIT
#include "siding/detail/destruction.hpp"

#include "siding/detail/future_core.hpp"
#include "siding/handle.hpp"

#include <utility>

namespace siding::detail {
namespace {

/// Few, because each level has the frames of the destructors of users' objects on the stack.
constexpr unsigned most_nested = 16;

/// What waits until this thread is out of the destructors that it is in.
struct queue {
    unsigned depth = 0;
    future_core* futures = nullptr;
    callback* callbacks = nullptr;
    task_core* frames = nullptr; ///< of coroutines that never began

    [[nodiscard]] bool empty() const noexcept {
        return futures == nullptr && callbacks == nullptr && frames == nullptr;
    }
};
constinit thread_local queue mine;

void end_next() noexcept {
    if (auto* const core = mine.futures) {
        mine.futures = core->next_to_destroy;
        core->end_now();
    } else if (auto* const call = mine.callbacks) {
        mine.callbacks = static_cast<callback*>(call->next);
        delete call;
    } else {
        auto* const promise = std::exchange(mine.frames, mine.frames->root);
        promise->frame().destroy();
    }
}

template <class End>
void nest(End end) noexcept {
    ++mine.depth;
    end();
    while (mine.depth == 1 && !mine.empty()) {
        end_next();
    }
    --mine.depth;
}

} // namespace

void future_core::destroy() noexcept {
    auto const is_more = !has(is_task) || has(log_exception) || !callbacks.empty() ||
                         extra() != nullptr || mine.depth >= most_nested;
    if (is_more) [[unlikely]]
        return destroy_with_all();
    auto const frame = static_cast<task_core&>(*this).frame();
    ++mine.depth;
    frame.destroy();
    while (mine.depth == 1 && !mine.empty())
        [[unlikely]] { end_next(); }
    --mine.depth;
}

void destroy_in_turn(future_core& core) noexcept {
    if (mine.depth < most_nested) return nest([&] { core.end_now(); });
    core.next_to_destroy = std::exchange(mine.futures, &core);
}

void destroy_in_turn(callback& call) noexcept {
    if (mine.depth < most_nested) return nest([&] { delete &call; });
    call.next = std::exchange(mine.callbacks, &call);
}

void destroy_in_turn(std::coroutine_handle<> never_begun) noexcept {
    if (mine.depth < most_nested) return nest([&] { never_begun.destroy(); });
    auto& promise = task_core::of(never_begun);
    promise.root = std::exchange(mine.frames, &promise);
}

} // namespace siding::detail
