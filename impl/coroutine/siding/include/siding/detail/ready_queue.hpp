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
    ready_item(task_core& task, std::coroutine_handle<> goes_on_at) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(&task)), coroutine_(goes_on_at) {}
    explicit ready_item(waiter& w) noexcept : bits_(reinterpret_cast<std::uintptr_t>(&w) | 1u) {}

    [[nodiscard]] bool is_task() const noexcept { return (bits_ & 1u) == 0; }
    [[nodiscard]] task_core& as_task() const noexcept {
        return *reinterpret_cast<task_core*>(bits_);
    }
    [[nodiscard]] std::coroutine_handle<> coroutine() const noexcept { return coroutine_; }
    [[nodiscard]] waiter& as_waiter() const noexcept {
        return *reinterpret_cast<waiter*>(bits_ & ~std::uintptr_t{1});
    }
    [[nodiscard]] void const* address() const noexcept {
        return reinterpret_cast<void const*>(bits_ & ~std::uintptr_t{1});
    }

private:
    std::uintptr_t bits_ = 0; ///< the lowest bit tells which
    std::coroutine_handle<> coroutine_;
};

/// First in, first out; a ring of 16-byte entries that doubles when full. The addresses lie side by
/// side, so that the frames to come can be fetched ahead, which a linked list cannot do.
class ready_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
    /// How many have ever been taken, and put: positions in the line, for whoever takes a part of
    /// it.
    [[nodiscard]] std::size_t taken() const noexcept { return head_; }
    [[nodiscard]] std::size_t put() const noexcept { return tail_; }

    /// The entry at a position in the line.
    [[nodiscard]] ready_item const& at(std::size_t position) const noexcept {
        return items_[position & mask_];
    }

    /// The next push will not throw.
    void make_room() {
        if (tail_ == room_end_) [[unlikely]]
            grow();
    }
    /// Throws std::bad_alloc, also while the queue is shut.
    void push(ready_item item) {
        make_room();
        items_[tail_++ & mask_] = item;
    }
    /// False: no memory, or the queue is shut.
    [[nodiscard]] bool try_push(ready_item item) noexcept {
        if (tail_ == room_end_) [[unlikely]] {
            if (!try_grow()) return false;
        }
        items_[tail_++ & mask_] = item;
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
        auto const item = items_[head_++ & mask_];
        // One past the tail is a stale address at worst: a prefetch never faults.
        __builtin_prefetch(items_[(head_ + 2) & mask_].address());
        return item;
    }
    /// Takes back what was pushed last. Not empty.
    void unpush() noexcept { --tail_; }

private:
    void grow();
    [[nodiscard]] bool try_grow() noexcept;
    void find_room() noexcept { room_end_ = head_ + mask_ + 1; }

    std::unique_ptr<ready_item[]> items_;
    std::size_t mask_ = ~std::size_t{0}; ///< capacity - 1
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    /// Up to here there is room for certain; behind it there may be, since some have been taken.
    std::size_t room_end_ = 0;
    bool is_shut_ = false;
};

} // namespace siding::detail
