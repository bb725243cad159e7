// SPDX-License-Identifier: MIT
#include "siding/par/worker.hpp"

#include "par/workers.hpp"

namespace siding::detail::fork_join {
namespace {

/// The parent goes on after its join, here.
void settle(frame& parent) noexcept {
    parent.steals = 0;
    if (parent.stack != this_worker.frames.stack()) take_stack_of(parent);
}

[[nodiscard]] std::coroutine_handle<> resume_after_join(frame& parent) noexcept {
    settle(parent);
    return parent.ends_at_join ? end(parent) : parent.handle();
}

/// All children that were lost have ended.
[[nodiscard]] bool all_are_done(frame& self) noexcept {
    auto const steals = static_cast<std::int32_t>(self.steals);
    // Acquire: what the children did is seen. Release: whoever comes last sees this frame as it is.
    return self.open.fetch_add(steals, std::memory_order_acq_rel) + steals == 0;
}

} // namespace

void frame::keep_failure(std::exception_ptr error) noexcept {
    auto* const mine = new std::exception_ptr(std::move(error));
    std::exception_ptr* none = nullptr;
    // Release: who rethrows it comes after the join, but a sibling may replace `failure` before.
    if (!failure.compare_exchange_strong(none, mine, std::memory_order_release,
                                         std::memory_order_relaxed)) {
        delete mine;
    }
}

void frame::rethrow_failure() {
    auto* const kept = failure.exchange(nullptr, std::memory_order_acquire);
    auto const first = std::move(*kept);
    delete kept;
    std::rethrow_exception(first);
}

void pass_failure_on(frame& self) noexcept {
    auto* const kept = self.failure.exchange(nullptr, std::memory_order_acquire);
    self.parent->keep_failure(std::move(*kept));
    delete kept;
}

std::coroutine_handle<> lose(frame& parent) noexcept {
    auto const is_below = parent.stack == this_worker.frames.stack();
    if (is_below) this_worker.frames.save();
    // Release: what the child wrote, and where its stack stands, for who resumes the parent.
    // Acquire: for this thread, if it is the one. After it the parent may be gone.
    if (parent.open.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        return resume_after_join(parent);
    }
    if (is_below) leave_stack();
    return std::noop_coroutine();
}

std::coroutine_handle<> wait_for_children(frame& self) noexcept {
    if (!all_are_done(self)) return std::noop_coroutine();
    settle(self);
    return self.handle();
}

std::coroutine_handle<> end_at_join(frame& self) noexcept {
    self.ends_at_join = true;
    if (!all_are_done(self)) return std::noop_coroutine();
    settle(self);
    return end(self);
}

} // namespace siding::detail::fork_join
