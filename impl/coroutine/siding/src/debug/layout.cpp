// SPDX-License-Identifier: MIT
#include "debug/layout.hpp"

#include "siding/detail/backend.hpp"
#include "siding/detail/loop_core.hpp"
#include "siding/future.hpp"
#include "siding/gather.hpp"

#include <cstddef>

// Of classes without virtual bases, as all of these are, each compiler that we have knows offsets.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace siding::detail {

void debug_layout::fill(debug_layout& of) noexcept {
    of.magic = right_magic;
    of.version = right_version;
    of.bytes = sizeof(debug_layout);
    of.serial_mask = (std::uint64_t{1} << mark_shift) - 1; // above it, the mark of the loop
    of.serial_shift = 1;
    of.loop_first_task = offsetof(loop_core, first_task_);
    of.loop_current = offsetof(loop_core, current_);
    of.loop_now_ns = offsetof(loop_core, now_ns_);
    of.promise_in_frame = 2 * sizeof(void*); // behind the functions that resume and destroy
    of.core_flags = offsetof(task_core, flags);
    of.core_serial = offsetof(task_core, serial_or_details);
    of.core_callbacks = offsetof(task_core, callbacks);
    of.core_continuation = offsetof(task_core, continuation);
    of.task_next = offsetof(task_core, next_task);
    of.task_waiting = offsetof(task_core, waiting);
    of.details_serial = offsetof(details, serial);
    of.details_name = offsetof(details, name);
    of.waiter_react = offsetof(linked_waiter, react);
    of.waiter_suspended = offsetof(linked_waiter, suspended);
    of.waiter_next = offsetof(linked_waiter, next);
    of.wait_core = sizeof(linked_waiter); // a reference, of which no offset can be asked
    of.timer_deadline = offsetof(timer, deadline_ns);
    of.operation_kind = offsetof(io_operation, kind);
    of.operation_fd = offsetof(io_operation, fd);
    auto const gather = gathering::layout_of_members();
    of.child_owner = gather.child_owner;
    of.gathering_outer = gather.outer;
    of.future_wait_reacts = reinterpret_cast<std::uint64_t>(&future_wait::react_to);
    of.gather_child_reacts = reinterpret_cast<std::uint64_t>(gather.child_reacts);
}

namespace {

/// Filled with the first loop, which a static object may make.
debug_layout& filled() noexcept {
    static debug_layout& layout = [&]() -> debug_layout& {
        debug_layout::fill(siding_debug_layout);
        return siding_debug_layout;
    }();
    return layout;
}

} // namespace

void note_loop(loop_core const& of) noexcept {
    auto& layout = filled();
    for (auto& place : layout.loops) {
        loop_core const* nobody = nullptr;
        if (place.compare_exchange_strong(nobody, &of)) return;
    }
    __atomic_add_fetch(&layout.lost_loops, 1, __ATOMIC_RELAXED);
}

void forget_loop(loop_core const& of) noexcept {
    for (auto& place : siding_debug_layout.loops) {
        loop_core const* mine = &of;
        if (place.compare_exchange_strong(mine, nullptr)) return;
    }
    __atomic_sub_fetch(&siding_debug_layout.lost_loops, 1, __ATOMIC_RELAXED);
}

} // namespace siding::detail

extern "C" {
[[gnu::used]] siding::detail::debug_layout siding_debug_layout{};
}
