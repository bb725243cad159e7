// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/destruction.hpp"
#include "siding/detail/pool.hpp"
#include "siding/detail/waiter.hpp"

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace siding {
class loop;
}

namespace siding::detail {

/// A number for each loop, in the upper 16 bits of what each future and task knows about itself, so
/// that one of another loop (and mostly: of another thread) is recognised before it does harm.
/// Addresses have 0 there. 65,535 loops later a number comes again.
using loop_mark = std::uint64_t;
inline constexpr unsigned mark_shift = 48;
/// That of this thread's loop, with the lowest bit set as in `serial_or_details`.
inline constinit thread_local loop_mark this_loop = 1;

enum class state : std::uint8_t { pending, finished, failed, cancelled };

struct context_node;

/// What few futures have, kept apart so that all others stay small.
struct details : pool::pooled {
    std::uint64_t serial = 0;
    std::string name;
    std::string cancel_message;
    context_node* context = nullptr; ///< owned reference
    ~details();
};

/// What a task and a plain future have in common. Reference-counted, and not thread-safe: it
/// belongs to the thread of its loop.
struct future_core {
    enum flag : std::uint8_t {
        is_task = 1,        ///< a task_core; otherwise a plain_core
        is_scheduled = 2,   ///< task: in the ready queue or running, so there is no wait to cancel
        must_cancel = 4,    ///< task: cancelled_error is to be thrown at its next resumption
        log_exception = 8,  ///< failed, and nobody has looked at the exception
        is_started = 16,    ///< task: its body has begun
        on_cancel_way = 32, ///< task: a cancellation that is under way has come through it
        in_place_only = 64  ///< no task: a coroutine<T>, whose `owner` is known once it has begun
    };

    explicit future_core(std::uint8_t kind) noexcept
        : callbacks{}, serial_or_details(this_loop), references(0), flags(kind) {}
    future_core(future_core const&) = delete;
    future_core& operator=(future_core const&) = delete;

    [[nodiscard]] bool has(flag f) const noexcept { return (flags & f) != 0; }
    void set(flag f) noexcept { flags = static_cast<std::uint8_t>(flags | f); }
    void clear(flag f) noexcept { flags = static_cast<std::uint8_t>(flags & ~f); }
    [[nodiscard]] bool done() const noexcept { return now != state::pending; }

    void add_reference() noexcept { ++references; }
    void drop_reference() noexcept {
        if (--references == 0) destroy();
    }

    // The low bit of `serial_or_details` tells which it is.
    [[nodiscard]] details* extra() const noexcept {
        return (serial_or_details & 1u) == 0 ? reinterpret_cast<details*>(serial_or_details)
                                             : nullptr;
    }
    [[nodiscard]] details& make_extra();
    /// The number of a task, and the mark of its loop.
    [[nodiscard]] std::uint64_t marked_serial() const noexcept {
        return extra() != nullptr ? extra()->serial : serial_or_details;
    }
    [[nodiscard]] std::uint64_t serial() const noexcept {
        return (marked_serial() << (64 - mark_shift)) >> (64 - mark_shift + 1);
    }
    /// Of this thread's loop.
    [[nodiscard]] bool is_of_this_loop() const noexcept {
        if (((serial_or_details ^ this_loop) >> mark_shift) == 0) [[likely]]
            return true;
        return ((marked_serial() ^ this_loop) >> mark_shift) == 0;
    }
    /// Throws runtime_error if somebody waits who cannot be woken from here: in another loop, or
    /// in one that is closed.
    void expect_this_loop() const {
        if (!is_of_this_loop()) [[unlikely]]
            throw_wrong_loop();
    }
    void throw_wrong_loop() const;

    /// A coroutine that the library runs for itself. Only tasks of users have a number.
    [[nodiscard]] bool is_internal() const noexcept { return serial() == 0; }
    void make_internal() noexcept {
        (extra() != nullptr ? extra()->serial : serial_or_details) = this_loop;
    }

    /// asyncio's Future.cancel or Task.cancel, whichever this is.
    bool cancel(std::string_view message) noexcept;
    void set_cancel_message(std::string_view message) noexcept;
    /// Wakes all who wait, through the ready queue, in the order in which they came.
    void schedule_callbacks() noexcept;
    void destroy() noexcept;          ///< reports an exception that nobody retrieved
    void destroy_with_all() noexcept; ///< of one that has more than a frame
    void end_now() noexcept;          ///< the end of `destroy`, at once or later (destruction.hpp)

    [[nodiscard]] std::exception_ptr& error() noexcept; ///< failed or cancelled
    /// The exception of a failed future; throws if cancelled or pending.
    [[nodiscard]] std::exception_ptr exception();
    /// Returns if there is a result; throws what `result()` throws.
    void check_result() {
        if (now != state::finished) throw_no_result();
    }
    [[noreturn]] void throw_no_result();

    union {
        waiter_list callbacks;                ///< of a task or a plain future
        std::coroutine_handle<> continuation; ///< of a coroutine that is awaited in place
        future_core* next_to_destroy;         ///< of one that is about to be destroyed
    };
    std::uintptr_t serial_or_details;
    std::uint32_t references;
    std::uint16_t cancel_requests = 0;
    state now = state::pending;
    std::uint8_t flags;

protected:
    struct in_place {};
    explicit future_core(in_place, std::uint8_t initially) noexcept : flags(initially) {}
};

/// Who awaits a coroutine in place and so owns its frame.
struct frame_owner {
    std::coroutine_handle<> frame;
};

/// The base of every coroutine's promise. `create_task` makes a task of the coroutine by filling in
/// the fields (loop::adopt), so a task is one allocation: its frame. Until then only `now` and
/// `flags` have a value: most coroutines are awaited in place and never need the others.
struct task_core : future_core {
    explicit task_core(std::uint8_t initially = 0) noexcept : future_core(in_place{}, initially) {}
    ~task_core() {
        using std::exception_ptr;
        if (now == state::failed || now == state::cancelled) [[unlikely]]
            failure.~exception_ptr();
    }

    /// The task on whose behalf this coroutine runs.
    [[nodiscard]] task_core& task() noexcept { return has(is_task) ? *this : *root; }
    [[nodiscard]] std::coroutine_handle<> frame() noexcept {
        return std::coroutine_handle<task_core>::from_promise(*this);
    }
    /// Valid for every coroutine of this library: the promise lies at the same offset in each frame
    /// because its alignment is at most 16 (asserted in promise<T>).
    [[nodiscard]] static task_core& of(std::coroutine_handle<> coroutine) noexcept {
        return std::coroutine_handle<task_core>::from_address(coroutine.address()).promise();
    }

    void fail() noexcept;                           ///< the coroutine ends by the current exception
    [[noreturn, gnu::cold]] void rethrow_failure(); ///< awaited in place: its owner passes it on
    /// Of a task that is suspended in `innermost` and will never go on: destroys the frames of what
    /// it awaits in place, innermost first, as many as there are.
    void destroy_awaited_frames(std::coroutine_handle<> innermost) noexcept;

    union {
        task_core* root;      ///< awaited in place: the task
        task_core* next_task; ///< a pending task: the loop's list of tasks
    };
    union {
        task_core* previous_task; ///< the same list
        frame_owner* owner;       ///< awaited in place
    };
    union {
        waiter* waiting;            ///< a suspended task: what it waits for
        std::exception_ptr failure; ///< alive once `now` is failed or cancelled
    };
};

struct plain_core;
class gathering;

/// What is particular to a kind of plain future.
struct plain_behaviour {
    void (*destroy)(plain_core&) noexcept;
    /// nullptr: the ordinary way.
    bool (*cancel)(plain_core&, std::string_view message) noexcept = nullptr;
    /// Of a gather, whose cancellation is that of its children.
    gathering* (*gather)(plain_core&) noexcept = nullptr;
};

/// A place in a loop's list of futures that others than tasks wait for: what those hold may hold
/// the future, in a circle, which ends with the loop at the latest.
struct watched {
    [[nodiscard]] bool is_watched() const noexcept { return next != nullptr; }
    void watch(watched& list) noexcept {
        previous = list.previous;
        next = &list;
        previous->next = list.previous = this;
    }
    void watch_no_longer() noexcept {
        previous->next = next;
        next->previous = previous;
        next = previous = nullptr;
    }

    watched* previous = nullptr;
    watched* next = nullptr;
};

/// The base of a future that is not a task.
struct plain_core : future_core, watched {
    explicit plain_core(plain_behaviour const& kind) noexcept : future_core(0), behaviour(&kind) {}
    ~plain_core();
    /// Sets the state to cancelled and wakes who waits; false if done.
    bool cancel_plainly(std::string_view message) noexcept;

    plain_behaviour const* behaviour;
    std::exception_ptr failure;
};

/// The task that runs now; nullptr outside of tasks.
[[nodiscard]] task_core* running_task() noexcept;

/// The message of the latest cancel() of the task that waits with `w`.
[[nodiscard]] std::string_view cancel_message(waiter const& w) noexcept;

[[noreturn]] void throw_cancelled(std::string_view message);

} // namespace siding::detail
