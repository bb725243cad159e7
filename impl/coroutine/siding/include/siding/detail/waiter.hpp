// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

namespace siding::detail {

/// What the loop tells a waiter.
enum class signal : std::uint8_t {
    done,   ///< callbacks of a future: it is done, `run` will follow
    run,    ///< its turn in the ready queue has come (callbacks, and awaiters that look again)
    cancel, ///< its task is cancelled; true: this waiter will end the wait, with or without an
            ///< error
    detach  ///< the loop is closing, or what it waits for has ended: leave every list, wake nobody
};

/// Something that stands in line: a suspended coroutine, or a callback. It lives in the frame of
/// the coroutine that waits (or in its callback's block), never in memory of its own, and is known
/// by its address: no copy, no move.
struct waiter {
    using react_function = bool(waiter&, signal) noexcept;

    explicit waiter(react_function* reacts) noexcept : react(reacts) {}
    waiter(waiter const&) = delete;
    waiter& operator=(waiter const&) = delete;

    react_function* react;
    std::coroutine_handle<> suspended; ///< null: a callback
};

/// A waiter that can be unlinked from the middle of a list.
struct linked_waiter : waiter {
    using waiter::waiter;

    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }

    linked_waiter* previous = nullptr;
    linked_waiter* next = nullptr;
};

/// First in, first out; a ring of links, so that one pointer serves both ends.
class waiter_list {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] linked_waiter* front() const noexcept { return first_; }
    /// The one behind `w`, or nullptr at the end.
    [[nodiscard]] linked_waiter* after(linked_waiter const& w) const noexcept {
        return w.next == first_ ? nullptr : w.next;
    }

    void push_back(linked_waiter& w) noexcept {
        if (first_ == nullptr) {
            first_ = w.next = w.previous = &w;
            return;
        }
        w.next = first_;
        w.previous = first_->previous;
        w.previous->next = &w;
        first_->previous = &w;
    }

    void push_front(linked_waiter& w) noexcept {
        push_back(w);
        first_ = &w; // a ring: the last is the one before the first
    }

    void erase(linked_waiter& w) noexcept {
        if (w.next == &w) {
            first_ = nullptr;
        } else {
            w.previous->next = w.next;
            w.next->previous = w.previous;
            if (first_ == &w) first_ = w.next;
        }
        w.next = w.previous = nullptr;
    }

    linked_waiter& pop_front() noexcept {
        auto& w = *first_;
        erase(w);
        return w;
    }

private:
    linked_waiter* first_ = nullptr;
};

/// Those who wait for something that may end before them. They are not woken then: nobody can grant
/// any more what they wait for, but they can be cancelled. So it is in asyncio, where they would
/// keep it alive, for nothing.
///
/// All who wait are tasks of one loop: the one that woke them would put them into its own ready
/// queue.
class waiting_line : public waiter_list {
public:
    waiting_line() = default;
    waiting_line(waiting_line const&) = delete;
    waiting_line& operator=(waiting_line const&) = delete;
    ~waiting_line() {
        while (!empty())
            [[unlikely]] {
                auto& w = pop_front();
                w.react(w, signal::detach);
            }
    }

    /// `here` is the mark of this thread's loop. Throws runtime_error if others wait in another.
    void enter(linked_waiter& w, std::uint64_t here) {
        auto const number = static_cast<std::uint16_t>(here >> 48u);
        if (number != loop_) [[unlikely]]
            bind(number);
        push_back(w);
    }
    /// Throws runtime_error if those who wait do so in another loop.
    void expect_loop(std::uint64_t here) const {
        if (here >> 48u != loop_) [[unlikely]]
            throw_other_loop();
    }

private:
    void bind(std::uint16_t loop) {
        if (!empty()) throw_other_loop();
        loop_ = loop;
    }
    [[noreturn]] static void throw_other_loop();

    std::uint16_t loop_ = 0; ///< the number of that of the last to enter
};

} // namespace siding::detail
