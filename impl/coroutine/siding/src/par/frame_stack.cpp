// SPDX-License-Identifier: MIT
#include "siding/par/frame_stack.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

namespace siding::detail::fork_join {
namespace {

constexpr std::size_t first_bytes = 16 * 1024;
constexpr std::size_t largest_step = 1024 * 1024;

} // namespace

/// The header of a segment; frames follow it.
struct alignas(frame_allocator::alignment) frame_stack::segment {
    segment* below;
    std::byte* top_below; ///< where the segment below stood when this one was begun
    std::byte* end;

    [[nodiscard]] std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    [[nodiscard]] std::size_t bytes() noexcept { return static_cast<std::size_t>(end - begin()); }

    static segment* make(std::size_t bytes, segment* below, std::byte* top_below) {
        auto* const memory = static_cast<std::byte*>(::operator new(sizeof(segment) + bytes));
        return ::new (memory) segment{below, top_below, memory + sizeof(segment) + bytes};
    }
};

frame_stack::frame_stack()
    : current_(segment::make(first_bytes, nullptr, nullptr)), top_(current_->begin()) {}

frame_stack::~frame_stack() {
    ::operator delete(spare_);
    while (current_ != nullptr) {
        ::operator delete(std::exchange(current_, current_->below));
    }
}

void frame_allocator::take(frame_stack& s) noexcept {
    stack_ = &s;
    top_ = s.top_;
    load();
}

void frame_allocator::load() noexcept {
    auto& now = *stack_->current_;
    end_ = now.end;
    leave_at_ = now.below == nullptr ? nullptr : now.begin();
}

void* frame_allocator::allocate_in_next(std::size_t bytes) {
    if (stack_ == nullptr) {
        throw std::logic_error("a siding::par can be made in a thread of a siding::par_pool only");
    }
    auto& s = *stack_;
    auto* next = std::exchange(s.spare_, nullptr);
    if (next == nullptr || next->bytes() < bytes) {
        ::operator delete(next);
        auto const doubled = std::min(2 * s.current_->bytes(), largest_step);
        next = frame_stack::segment::make(std::max(doubled, bytes), nullptr, nullptr);
    }
    next->below = s.current_;
    next->top_below = top_;
    s.current_ = next;
    top_ = next->begin() + bytes;
    load();
    return next->begin();
}

void frame_allocator::leave_segment() noexcept {
    auto& s = *stack_;
    auto* const left = s.current_;
    s.current_ = left->below;
    top_ = left->top_below;
    ::operator delete(std::exchange(s.spare_, left));
    load();
}

void frame_allocator::not_the_newest() noexcept {
    std::fputs(
        "siding: a frame of siding::par was destroyed before a newer one: fork, call or await "
        "each in the expression that makes it\n",
        stderr);
    std::terminate();
}

} // namespace siding::detail::fork_join
