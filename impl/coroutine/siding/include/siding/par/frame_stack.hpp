// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>

namespace siding::detail::fork_join {

/// A stack of coroutine frames in segments that grow. It belongs to the thread that runs its
/// topmost frame, or to nobody while that frame waits for children that others run.
class frame_stack {
public:
    frame_stack();
    frame_stack(frame_stack const&) = delete;
    frame_stack& operator=(frame_stack const&) = delete;
    ~frame_stack();

private:
    friend class frame_allocator;
    struct segment;

    segment* current_;
    segment* spare_ = nullptr; ///< one is kept, for a tree that goes up and down across its edge
    // Where the current segment stands, while no thread has the stack.
    std::byte* top_;
};

/// The stack that a thread has now, with what `allocate` needs at hand. Constant initialised, so
/// that it can be a thread_local that costs nothing to reach.
class frame_allocator {
public:
    static constexpr std::size_t alignment = 16;

    [[nodiscard]] void* allocate(std::size_t bytes) {
        bytes = rounded(bytes);
        if (bytes > static_cast<std::size_t>(end_ - top_)) [[unlikely]]
            return allocate_in_next(bytes);
        return std::exchange(top_, top_ + bytes);
    }

    /// The newest frame that lives. Ends the program if it is not: frames of `par` end in the
    /// reverse order in which they are made.
    void free(void* frame, std::size_t bytes) noexcept {
        auto* const begin = static_cast<std::byte*>(frame);
        if (begin + rounded(bytes) != top_) [[unlikely]]
            not_the_newest();
        free_newest(frame);
    }
    /// For who knows that it is the newest.
    void free_newest(void* frame) noexcept {
        top_ = static_cast<std::byte*>(frame);
        if (top_ == leave_at_) [[unlikely]]
            leave_segment();
    }

    [[nodiscard]] frame_stack* stack() const noexcept { return stack_; }

    /// Takes a stack that nobody has.
    void take(frame_stack& s) noexcept;
    /// Writes down how far the stack is filled, so that another thread can take it.
    void save() noexcept { stack_->top_ = top_; }

private:
    static constexpr std::size_t rounded(std::size_t bytes) noexcept {
        return (bytes + alignment - 1) & ~(alignment - 1);
    }
    void* allocate_in_next(std::size_t bytes);
    void leave_segment() noexcept;
    void load() noexcept;
    [[noreturn]] static void not_the_newest() noexcept;

    std::byte* top_ = nullptr;
    std::byte* end_ = nullptr;
    std::byte* leave_at_ = nullptr; ///< begin of the segment, unless it is the first
    frame_stack* stack_ = nullptr;
};

} // namespace siding::detail::fork_join
