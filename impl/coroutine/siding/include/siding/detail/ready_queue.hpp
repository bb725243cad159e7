// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace siding::detail {

struct task_core;
struct waiter;

/// One entry of the ready queue: a task and where it goes on, or a waiter to signal `run`. The
/// coroutine could be read from the task, but that would be two loads, one behind the other, on the
/// way from one task to the next.
class ready_item {
public:
    ready_item() = default;
    /// `goes_on_at`: null if the task has not begun.
    ready_item(task_core& task, std::coroutine_handle<> goes_on_at) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(&task)), coroutine_(goes_on_at) {}
    explicit ready_item(waiter& w) noexcept : bits_(reinterpret_cast<std::uintptr_t>(&w) | 1u) {}

    [[nodiscard]] bool is_task() const noexcept { return (bits_ & 1u) == 0; }
    [[nodiscard]] task_core& as_task() const noexcept {
        return *reinterpret_cast<task_core*>(bits_);
    }
    /// Where the task goes on; null: a waiter, or a task that has not begun.
    [[nodiscard]] std::coroutine_handle<> coroutine() const noexcept { return coroutine_; }
    [[nodiscard]] waiter& as_waiter() const noexcept {
        return *reinterpret_cast<waiter*>(bits_ & ~std::uintptr_t{1});
    }

private:
    std::uintptr_t bits_ = 0; ///< the lowest bit tells which
    std::coroutine_handle<> coroutine_;
};

/// First in, first out; a ring of 16-byte entries that doubles when full. The addresses lie side by
/// side, so that the frames to come can be fetched ahead, which a linked list cannot do. Positions
/// in the line are counted in bytes: so they are offsets but for a mask.
class ready_queue {
public:
    /// So far apart are positions with `count` entries between them.
    [[nodiscard]] static constexpr std::size_t distance(std::size_t count) noexcept {
        return count * sizeof(ready_item);
    }

    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    /// How many have ever been taken, and put: positions in the line, for whoever takes a part of
    /// it.
    [[nodiscard]] std::size_t taken() const noexcept { return head_; }
    [[nodiscard]] std::size_t put() const noexcept { return tail_; }

    /// The entry at a position in the line.
    [[nodiscard]] ready_item const& at(std::size_t position) const noexcept {
        return slot(position);
    }

    void replace(std::size_t position, ready_item item) noexcept { slot(position) = item; }

    /// The next push will not throw.
    void make_room() {
        if (tail_ == room_end_) [[unlikely]]
            grow();
    }
    /// Throws std::bad_alloc, also while the queue is shut.
    void push(ready_item item) {
        make_room();
        put_last(item);
    }
    /// False: no memory, or the queue is shut.
    [[nodiscard]] bool try_push(ready_item item) noexcept {
        if (tail_ == room_end_) [[unlikely]] {
            if (!try_grow()) return false;
        }
        put_last(item);
        return true;
    }

    /// Takes nothing more, although there may be room: others have to enter first.
    void shut() noexcept {
        is_shut_ = true;
        room_end_ = tail_;
    }
    void open() noexcept {
        is_shut_ = false;
        find_room();
    }

    /// Not empty.
    [[nodiscard]] ready_item pop() noexcept {
        auto const item = slot(head_);
        head_ += distance(1);
        // One past the tail is a stale address at worst: a prefetch never faults.
        __builtin_prefetch(slot(head_ + distance(2)).coroutine().address());
        return item;
    }
    /// Takes back what was pushed last. Not empty.
    void unpush() noexcept { tail_ -= distance(1); }

private:
    void grow();
    [[nodiscard]] bool try_grow() noexcept;
    void find_room() noexcept { room_end_ = head_ + bytes(); }
    [[nodiscard]] std::size_t bytes() const noexcept {
        return items_ == nullptr ? 0 : mask_ + distance(1);
    }
    [[nodiscard]] ready_item& slot(std::size_t position) const noexcept {
        return *reinterpret_cast<ready_item*>(reinterpret_cast<std::byte*>(items_.get()) +
                                              (position & mask_));
    }
    void put_last(ready_item item) noexcept {
        slot(tail_) = item;
        tail_ += distance(1);
    }

    std::unique_ptr<ready_item[]> items_;
    std::size_t mask_ = 0; ///< the bytes of all entries but one: what is left of a position
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    /// Up to here there is room for certain; behind it there may be, since some have been taken.
    std::size_t room_end_ = 0;
    bool is_shut_ = false;
};

} // namespace siding::detail
