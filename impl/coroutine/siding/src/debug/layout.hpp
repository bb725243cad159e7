// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace siding::detail {

class loop_core;

/// Where things lie in this process, for who reads its memory from outside: a build of the tool may
/// be another than that of the program it looks at. All offsets and sizes are bytes.
struct debug_layout {
    std::array<char, 16> magic;
    std::uint32_t version;
    std::uint32_t bytes; ///< of this structure
    std::uint64_t serial_mask, serial_shift;
    std::uint64_t loop_first_task, loop_current, loop_now_ns;
    std::uint64_t promise_in_frame, core_flags, core_serial, core_callbacks, core_continuation;
    std::uint64_t task_next, task_waiting;
    std::uint64_t details_serial, details_name; ///< a std::string: pointer, then length
    std::uint64_t waiter_react, waiter_suspended, waiter_next;
    std::uint64_t wait_core, timer_deadline, operation_kind, operation_fd;
    std::uint64_t child_owner, gathering_outer;
    std::uint64_t future_wait_reacts, gather_child_reacts; ///< addresses of functions
    std::uint64_t lost_loops;                              ///< that found no place in the table
    static constexpr std::size_t most_loops = 256;
    std::array<std::atomic<loop_core const*>, most_loops> loops;

    static constexpr std::array<char, 16> right_magic{"siding layout"};
    static constexpr std::uint32_t right_version = 1;
    static void fill(debug_layout& of) noexcept;
};

/// A loop begins or ends. Thread-safe.
void note_loop(loop_core const& of) noexcept;
void forget_loop(loop_core const& of) noexcept;

} // namespace siding::detail

/// The one of this process; the tool finds it by its name.
extern "C" siding::detail::debug_layout siding_debug_layout;
