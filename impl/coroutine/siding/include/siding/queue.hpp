// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/item_ring.hpp"
#include "siding/errors.hpp"
#include "siding/event.hpp"
#include "siding/loop.hpp"

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace siding {

/// asyncio.QueueShutDown: nothing can be put any more, or there is nothing left to get.
struct queue_shut_down : std::runtime_error {
    queue_shut_down() : std::runtime_error("the queue has been shut down") {}
};

/// First in, first out.
template <class T>
class fifo_order {
public:
    void put(T&& item) { items_.push_back(std::move(item)); }
    [[nodiscard]] T get() { return items_.pop_front(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

private:
    detail::item_ring<T> items_;
};

/// Last in, first out.
template <class T>
class lifo_order {
public:
    void put(T&& item) { items_.push_back(std::move(item)); }
    [[nodiscard]] T get() {
        T last = std::move(items_.back());
        items_.pop_back();
        return last;
    }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

private:
    std::vector<T> items_;
};

/// Smallest first. The moves are those of CPython's heapq, so that equal items come out in the same
/// order as there.
template <class T, class Less = std::less<T>>
class priority_order {
public:
    void put(T&& item) {
        items_.push_back(std::move(item));
        rise(0, items_.size() - 1);
    }
    [[nodiscard]] T get() {
        T last = std::move(items_.back());
        items_.pop_back();
        if (items_.empty()) return last;
        std::swap(last, items_.front());
        sink();
        return last;
    }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

private:
    void rise(std::size_t top, std::size_t position) {
        T item = std::move(items_[position]);
        while (position > top) {
            auto const parent = (position - 1) / 2;
            if (!less_(item, items_[parent])) break;
            items_[position] = std::move(items_[parent]);
            position = parent;
        }
        items_[position] = std::move(item);
    }
    /// Moves the smaller child up all the way to a leaf, then lets the item rise from there.
    void sink() {
        auto const end = items_.size();
        std::size_t position = 0;
        T item = std::move(items_.front());
        for (auto child = std::size_t{1}; child < end; child = 2 * position + 1) {
            if (child + 1 < end && !less_(items_[child], items_[child + 1])) ++child;
            items_[position] = std::move(items_[child]);
            position = child;
        }
        items_[position] = std::move(item);
        rise(0, position);
    }

    std::vector<T> items_;
    [[no_unique_address]] Less less_;
};

/// asyncio.Queue. `maxsize` 0: no limit, put never waits.
template <class T, class Order = fifo_order<T>>
class queue {
public:
    explicit queue(std::size_t maxsize = 0) noexcept : maxsize_(maxsize) { finished_.set(); }
    queue(queue const&) = delete;
    queue& operator=(queue const&) = delete;
    ~queue() {
        if (woken_ == 0) [[likely]]
            return;
        auto* const home = detail::loop_core::of_this_thread();
        if (home == nullptr) return;
        home->for_each_ready_waiter([this](detail::waiter& w) {
            place_in_line<get_awaiter>::orphan(w, *this);
            place_in_line<put_awaiter>::orphan(w, *this);
        });
    }

    [[nodiscard]] std::size_t qsize() const noexcept { return items_.size(); }
    [[nodiscard]] std::size_t maxsize() const noexcept { return maxsize_; }
    [[nodiscard]] bool empty() const noexcept { return items_.size() == 0; }
    [[nodiscard]] bool full() const noexcept { return maxsize_ != 0 && qsize() >= maxsize_; }

    /// `co_await q.put(item)`: waits while the queue is full. Cancelled: the item is not put.
    /// Throws queue_shut_down.
    [[nodiscard]] auto put(T item) { return put_awaiter(*this, std::move(item)); }
    /// `co_await q.get()`: waits while the queue is empty. Cancelled: no item is lost. Throws
    /// queue_shut_down.
    [[nodiscard]] auto get() noexcept { return get_awaiter(*this); }
    /// Throws queue_full, queue_shut_down.
    void put_nowait(T item) {
        if (is_shut_down_) [[unlikely]]
            throw queue_shut_down();
        if (full()) throw queue_full();
        items_.put(std::move(item));
        ++unfinished_;
        finished_.clear();
        wake_getter();
    }
    /// Throws queue_empty, queue_shut_down.
    [[nodiscard]] T get_nowait() {
        if (empty()) {
            if (is_shut_down_) throw queue_shut_down();
            throw queue_empty();
        }
        T item = items_.get();
        wake_putter();
        return item;
    }
    /// What was taken is done. Throws value_error when called more often than put.
    void task_done() {
        if (unfinished_ == 0) throw value_error("task_done() called too many times");
        if (--unfinished_ == 0) finished_.set();
    }
    /// `co_await q.join()`: waits until task_done has been called for each item that was put.
    [[nodiscard]] auto join() noexcept { return finished_.wait(); }
    /// asyncio.Queue.shutdown: from now on put throws queue_shut_down, and get does once the queue
    /// is empty; who waits in either is woken. `immediate`: what is in the queue is dropped, and
    /// counts as done for join. Source: CPython 3.13, Lib/asyncio/queues.py.
    void shutdown(bool immediate = false) {
        is_shut_down_ = true;
        if (immediate) {
            while (!empty()) {
                static_cast<void>(items_.get());
                if (unfinished_ > 0) --unfinished_;
            }
            if (unfinished_ == 0) finished_.set();
        }
        while (!getters_.empty()) {
            wake_getter();
        }
        while (!putters_.empty()) {
            wake_putter();
        }
    }

private:
    /// Waits until there is something to take, or room: woken, it looks again, and may have to go
    /// to the end of the line because somebody else was faster. All this without resuming the task.
    template <class Derived>
    class place_in_line : public detail::linked_waiter {
    public:
        explicit place_in_line(queue& of) noexcept : linked_waiter(&react_to), of_(of) {}
        ~place_in_line() {
            if (linked()) [[unlikely]]
                line().erase(*this);
        }
        /// If `w` is one of those who were woken and have not looked yet, it need not look.
        static void orphan(detail::waiter& w, queue const& of) noexcept {
            if (w.react != &react_to) return;
            auto& me = static_cast<place_in_line&>(static_cast<detail::linked_waiter&>(w));
            if (&me.of_ == &of) me.is_orphan_ = true;
        }
        [[nodiscard]] bool await_ready() const noexcept { return !Derived::blocked(of_); }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) {
            line().enter(*this, detail::this_loop);
            return detail::suspend(self, *this);
        }
        void wake_to_look() {
            granted_ = true;
            ++of_.woken_;
            detail::task_core::of(suspended).task().set(detail::future_core::is_scheduled);
            detail::loop_core::of_this_thread()->schedule(*this);
        }

    protected:
        void resumed() {
            if (detail::was_cancelled(*this) || is_orphan_) [[unlikely]]
                cancelled();
        }
        queue& of_;

    private:
        [[nodiscard]] detail::waiting_line& line() const noexcept { return Derived::line_of(of_); }

        [[gnu::noinline]] void cancelled() {
            // It was woken but cannot take the call: the next in line can.
            if (granted_ && !is_orphan_ && !Derived::blocked(of_)) Derived::wake_next(of_);
            detail::throw_if_cancelled(*this);
            throw runtime_error("the queue was destroyed before what it woke has looked");
        }
        static bool react_to(detail::waiter& self, detail::signal reason) noexcept {
            auto& me = static_cast<place_in_line&>(self);
            auto& task = detail::task_core::of(self.suspended).task();
            if (reason == detail::signal::run) {
                if (!me.is_orphan_) [[likely]]
                    --me.of_.woken_;
                bool const ends = task.has(detail::future_core::must_cancel) || me.is_orphan_;
                if (ends || !Derived::blocked(me.of_)) [[likely]] {
                    detail::loop_core::of_this_thread()->continue_now(task);
                } else {
                    me.granted_ = false;
                    me.line().push_back(me);
                    task.clear(detail::future_core::is_scheduled);
                }
                return true;
            }
            if (me.linked()) me.line().erase(me);
            if (reason == detail::signal::detach) {
                // Woken, it is in the ready queue of a loop that ends.
                if (me.granted_ && !me.is_orphan_) --me.of_.woken_;
                me.is_orphan_ = true;
            }
            if (reason == detail::signal::cancel) {
                self.react = &detail::cancelled_reaction;
                detail::loop_core::of_this_thread()->wake(self);
            }
            return true;
        }

        bool granted_ = false;
        bool is_orphan_ = false; ///< the queue has ended
    };

    class get_awaiter final : public place_in_line<get_awaiter> {
    public:
        using place_in_line<get_awaiter>::place_in_line;
        static bool blocked(queue const& q) noexcept { return q.empty() && !q.is_shut_down_; }
        static detail::waiting_line& line_of(queue& q) noexcept { return q.getters_; }
        static void wake_next(queue& q) { q.wake_getter(); }
        T await_resume() {
            this->resumed();
            return this->of_.get_nowait();
        }
    };
    class put_awaiter final : public place_in_line<put_awaiter> {
    public:
        put_awaiter(queue& of, T&& item) noexcept
            : place_in_line<put_awaiter>(of), item_(std::move(item)) {}
        static bool blocked(queue const& q) noexcept { return q.full() && !q.is_shut_down_; }
        static detail::waiting_line& line_of(queue& q) noexcept { return q.putters_; }
        static void wake_next(queue& q) { q.wake_putter(); }
        void await_resume() {
            this->resumed();
            this->of_.put_nowait(std::move(item_));
        }

    private:
        T item_;
    };

    void wake_getter() {
        if (getters_.empty()) return;
        getters_.expect_loop(detail::this_loop);
        static_cast<place_in_line<get_awaiter>&>(getters_.pop_front()).wake_to_look();
    }
    void wake_putter() {
        if (putters_.empty()) return;
        putters_.expect_loop(detail::this_loop);
        static_cast<place_in_line<put_awaiter>&>(putters_.pop_front()).wake_to_look();
    }

    std::size_t maxsize_;
    std::size_t unfinished_ = 0;
    bool is_shut_down_ = false;
    Order items_;
    event finished_;
    std::size_t woken_ = 0; ///< waiters that have left their line and have not looked yet
    detail::waiting_line getters_;
    detail::waiting_line putters_;
};

template <class T, class Less = std::less<T>>
using priority_queue = queue<T, priority_order<T, Less>>;
template <class T>
using lifo_queue = queue<T, lifo_order<T>>;

} // namespace siding
