// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/config.hpp"
#include "siding/par/deque.hpp"
#include "siding/par/frame_stack.hpp"
#include "siding/par/sleepers.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

/// Continuation stealing. Forking a child runs it at once and leaves the continuation of the parent
/// in the deque, where a thief may take it; a child that ends looks whether its parent is still
/// there, and if so goes on with it, without an atomic read-modify-write.
///
/// What holds: frames on a `frame_stack` are made and destroyed in order. A thief begins with a
/// stack of its own that is empty. The child of a stolen parent, when it ends, leaves the stack to
/// the parent whose frame is on top of it; who resumes the parent after its join takes that stack
/// over.
namespace siding::detail::fork_join {

/// What every promise of `par` begins with.
struct frame {
    frame() noexcept;
    frame(frame const&) = delete;
    frame& operator=(frame const&) = delete;

    /// Keeps the first failure of a child; children may fail at the same time.
    void keep_failure(std::exception_ptr error) noexcept;
    [[nodiscard]] bool has_failed() const noexcept {
        // relaxed: the end of the child has been ordered before by the join.
        return failure.load(std::memory_order_relaxed) != nullptr;
    }
    [[noreturn]] void rethrow_failure();

    [[nodiscard]] std::coroutine_handle<frame> handle() noexcept {
        return std::coroutine_handle<frame>::from_promise(*this);
    }

    frame* parent;      ///< set by who starts it, as `result` is; of a root: none
    void* result;       ///< where the value goes; of a root: its `root`
    frame_stack* stack; ///< on which this frame lies
    std::atomic<std::exception_ptr*> failure = nullptr;
    std::uint32_t steals = 0; ///< of this continuation since the last join; of who runs it
    std::atomic<std::int32_t> open = 0; ///< at the join `steals` is added; each lost child takes 1
    bool is_forked = false;             ///< else called: the parent waits for it
    bool ends_at_join = false;          ///< the body is over: the last child ends the frame
};

/// What is to be done when a frame ends. Its locals are gone by then: what is left are promise and
/// parameters, and if these are trivial to destroy, nothing but the memory.
enum class ending { destroys, only_frees };

/// The work that a pool is given from outside.
class root {
public:
    root() = default;
    root(root const&) = delete;
    root& operator=(root const&) = delete;
    virtual ~root() = default;
    /// In a worker: makes the first frame, or ends the root.
    virtual std::coroutine_handle<> start() noexcept = 0;
    /// In a worker, after the last frame is gone. May destroy the root.
    virtual void finish() noexcept = 0;

    root* next = nullptr;
};

class worker;

/// What the running code of a worker needs at hand.
struct worker_state {
    frame_allocator frames;
    work_deque<>* deque = nullptr;
    sleepers<>* idle = nullptr;
    worker* self = nullptr;
    std::coroutine_handle<> next; ///< where transfers are not tail calls: the trampoline's
};
inline constinit thread_local worker_state this_worker{};

/// What await_suspend returns to run `to` next.
[[nodiscard]] inline std::coroutine_handle<> transfer(std::coroutine_handle<> to) noexcept {
    if constexpr (trampoline) {
        this_worker.next = to;
        return std::noop_coroutine();
    } else {
        return to;
    }
}

/// The parent of a child that has just ended was stolen.
[[nodiscard]] std::coroutine_handle<> lose(frame& parent) noexcept;
/// The body of a frame has ended while children may still run.
[[nodiscard]] std::coroutine_handle<> end_at_join(frame& self) noexcept;
/// At a join, the continuation having been stolen: the parent itself if all children are done.
[[nodiscard]] std::coroutine_handle<> wait_for_children(frame& self) noexcept;
[[nodiscard]] std::coroutine_handle<> end_of_root(root& ended) noexcept;
/// A failure that no await of the body has thrown becomes the parent's.
void pass_failure_on(frame& self) noexcept;

/// The end of a frame whose children are done: destroys it and says who is next.
template <ending Way = ending::destroys>
[[nodiscard]] inline std::coroutine_handle<> end(frame& self) noexcept {
    auto* const parent = self.parent;
    auto const was_forked = self.is_forked;
    auto* const result = self.result;
    if (self.has_failed()) [[unlikely]]
        pass_failure_on(self);
    if constexpr (Way == ending::only_frees) {
        this_worker.frames.free_newest(self.handle().address());
    } else {
        self.handle().destroy();
    }
    if (!was_forked) {
        if (parent == nullptr) [[unlikely]]
            return end_of_root(*static_cast<root*>(result));
        return parent->handle();
    }
    if (this_worker.deque->pop()) [[likely]]
        return parent->handle();
    return lose(*parent);
}

/// Runs `child` now and offers the rest of the parent to thieves. Ends the program if the deque
/// must grow and cannot.
[[nodiscard]] inline std::coroutine_handle<> fork_to(frame& parent, frame& child) noexcept {
    child.parent = &parent;
    child.is_forked = true;
    auto const to = child.handle();
    this_worker.deque->push(&parent);
    // From here on the parent may run elsewhere, and may be gone.
    this_worker.idle->work_was_made();
    return transfer(to);
}

inline frame::frame() noexcept : stack(this_worker.frames.stack()) {}

} // namespace siding::detail::fork_join
