// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/thread_waiter.hpp"
#include "siding/errors.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace siding {

/// Sent to a channel that was closed.
struct channel_closed : std::runtime_error {
    channel_closed() : std::runtime_error("the channel is closed") {}
};

namespace detail {

/// Room for `capacity` items, all of it taken at once: nothing allocates later.
template <class T>
class fixed_ring {
public:
    explicit fixed_ring(std::size_t capacity)
        : items_(std::allocator<T>().allocate(capacity)), capacity_(capacity) {}
    fixed_ring(fixed_ring const&) = delete;
    fixed_ring& operator=(fixed_ring const&) = delete;
    ~fixed_ring() {
        while (count_ != 0) {
            static_cast<void>(pop());
        }
        std::allocator<T>().deallocate(items_, capacity_);
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// Not full.
    void push(T&& item) noexcept {
        auto const end = first_ + count_;
        auto const place = end < capacity_ ? end : end - capacity_;
        ::new (static_cast<void*>(items_ + place)) T(std::move(item));
        ++count_;
    }
    /// Not empty.
    [[nodiscard]] T pop() noexcept {
        auto& first = items_[first_];
        T item(std::move(first));
        first.~T();
        first_ = first_ + 1 == capacity_ ? 0 : first_ + 1;
        --count_;
        return item;
    }

private:
    T* items_;
    std::size_t capacity_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

/// What the channel and those who wait at it share.
template <class T>
struct channel_state {
    explicit channel_state(std::size_t capacity) : items(capacity) {}

    // With the mutex held.
    [[nodiscard]] bool can_send() const noexcept {
        return closed || items.size() < items.capacity();
    }
    [[nodiscard]] bool can_receive() const noexcept { return closed || items.size() != 0; }
    /// There is room.
    void push(T&& item) noexcept {
        items.push(std::move(item));
        wake_first(receivers);
    }
    /// nullopt: closed, and nothing is left.
    [[nodiscard]] std::optional<T> pop() noexcept {
        if (items.size() == 0) return std::nullopt;
        std::optional<T> item(items.pop());
        wake_first(senders);
        return item;
    }

    std::mutex mutex;
    fixed_ring<T> items;
    bool closed = false;
    waiter_list senders;
    waiter_list receivers;
};

/// Waits at one side of a channel. Woken, it looks again, and may have to stand in front of the
/// line once more because somebody else was faster. What `Side` does, it does with the mutex held.
template <class T, class Side>
class channel_awaiter : public thread_waiter {
public:
    explicit channel_awaiter(std::shared_ptr<channel_state<T>> const& shared) noexcept
        : thread_waiter(&react_to), borrowed_(shared.get()), channel_(shared) {}
    ~channel_awaiter() {
        if (!waits_) return;
        auto const kept = channel_; // the mutex must live until it is unlocked
        std::lock_guard const lock(kept->mutex);
        leave();
    }

    [[nodiscard]] bool await_ready() noexcept {
        std::lock_guard const lock(borrowed_->mutex);
        return side().try_now(*borrowed_);
    }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
        suspended = self; // before another thread may wake it
        {
            std::lock_guard const lock(borrowed_->mutex);
            if (side().try_now(*borrowed_)) return self;
            side().line(*borrowed_).push_back(*this);
            waits_ = true;
        }
        return suspend(self, *this);
    }

protected:
    void throw_if_cancelled() { detail::throw_if_cancelled(*this); }

private:
    [[nodiscard]] Side& side() noexcept { return static_cast<Side&>(*this); }

    /// With the mutex: it will not look again; if it was woken, the next one shall.
    void leave() noexcept {
        if (linked()) {
            side().line(*borrowed_).erase(*this);
        } else if (is_woken && side().possible(*borrowed_)) {
            wake_first(side().line(*borrowed_));
        }
        is_woken = false;
        waits_ = false;
    }
    static bool react_to(waiter& self, signal reason) noexcept {
        auto& me = static_cast<channel_awaiter&>(self);
        auto& shared = *me.borrowed_;
        auto& task = task_core::of(self.suspended).task();
        std::lock_guard const lock(shared.mutex);
        switch (reason) {
        case signal::run:
            if (task.has(future_core::must_cancel)) {
                me.leave();
            } else if (me.side().try_now(shared)) {
                me.is_woken = me.waits_ = false;
            } else {
                me.is_woken = false;
                me.side().line(shared).push_front(me);
                return true;
            }
            detail::loop_core::of_this_thread()->continue_now(task);
            return true;
        case signal::cancel:
            if (me.is_woken) return false; // it is on its way to us, and will find the request
            me.leave();
            self.react = &cancelled_reaction;
            detail::loop_core::of_this_thread()->wake(self);
            return true;
        case signal::detach:
            me.leave();
            return true;
        case signal::done:
            break;
        }
        return false;
    }

    channel_state<T>* borrowed_;
    std::shared_ptr<channel_state<T>> channel_;
    bool waits_ = false; ///< of this thread alone: in line, or woken and has not looked yet
};

} // namespace detail

/// A bounded queue between threads: any number of tasks of any loops, and of plain threads, send
/// and receive. What is sent is received once; what one sender sends is received in its order. Who
/// waits is served in the order of coming, but somebody who comes at the right moment may be
/// faster. Destroyed, it is closed first: who waits is told. All members are thread-safe.
template <class T>
class channel {
    static_assert(std::is_nothrow_move_constructible_v<T>, "an item must not be lost on its way");

public:
    /// Throws value_error for 0.
    explicit channel(std::size_t capacity) {
        if (capacity == 0) throw value_error("a channel needs room for one item");
        of_ = std::make_shared<detail::channel_state<T>>(capacity);
    }
    channel(channel const&) = delete;
    channel& operator=(channel const&) = delete;
    ~channel() { close(); }

    /// `co_await c.send(item)`: waits while it is full. Throws channel_closed; then, and when it is
    /// cancelled, the item was not sent.
    [[nodiscard]] auto send(T item) noexcept { return send_awaiter(of_, std::move(item)); }
    /// `co_await c.receive()`: waits while it is empty; nullopt once it is closed and empty.
    /// Cancelled, it has taken nothing.
    [[nodiscard]] auto receive() noexcept { return receive_awaiter(of_); }

    /// For threads without a loop, which block. Throws runtime_error in a running loop.
    void send_blocking(T item) {
        detail::expect_may_block("send_blocking()");
        std::unique_lock lock(of_->mutex);
        wait_blocking(lock, of_->senders, &detail::channel_state<T>::can_send);
        if (of_->closed) throw channel_closed();
        of_->push(std::move(item));
    }
    [[nodiscard]] std::optional<T> receive_blocking() {
        detail::expect_may_block("receive_blocking()");
        std::unique_lock lock(of_->mutex);
        wait_blocking(lock, of_->receivers, &detail::channel_state<T>::can_receive);
        return of_->pop();
    }

    /// False if it is full; then the item is as before. Throws channel_closed.
    [[nodiscard]] bool try_send(T& item) {
        std::lock_guard const lock(of_->mutex);
        if (of_->closed) throw channel_closed();
        if (!of_->can_send()) return false;
        of_->push(std::move(item));
        return true;
    }
    /// nullopt if it is empty.
    [[nodiscard]] std::optional<T> try_receive() noexcept {
        std::lock_guard const lock(of_->mutex);
        return of_->pop();
    }

    /// From now on nothing can be sent; what is in it can still be received.
    void close() noexcept {
        std::lock_guard const lock(of_->mutex);
        of_->closed = true;
        for (auto* const line : {&of_->senders, &of_->receivers}) {
            while (!line->empty()) {
                detail::wake_first(*line);
            }
        }
    }
    [[nodiscard]] bool is_closed() const noexcept {
        std::lock_guard const lock(of_->mutex);
        return of_->closed;
    }
    /// How many items are in it now.
    [[nodiscard]] std::size_t size() const noexcept {
        std::lock_guard const lock(of_->mutex);
        return of_->items.size();
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return of_->items.capacity(); }

private:
    using state = detail::channel_state<T>;

    class send_awaiter final : public detail::channel_awaiter<T, send_awaiter> {
    public:
        send_awaiter(std::shared_ptr<state> const& shared, T&& item) noexcept
            : detail::channel_awaiter<T, send_awaiter>(shared), item_(std::move(item)) {}
        static detail::waiter_list& line(state& shared) noexcept { return shared.senders; }
        static bool possible(state const& shared) noexcept { return shared.can_send(); }
        bool try_now(state& shared) noexcept {
            if (!shared.can_send()) return false;
            refused_ = shared.closed;
            if (!refused_) shared.push(std::move(item_));
            return true;
        }
        void await_resume() {
            this->throw_if_cancelled();
            if (refused_) throw channel_closed();
        }

    private:
        T item_;
        bool refused_ = false;
    };
    class receive_awaiter final : public detail::channel_awaiter<T, receive_awaiter> {
    public:
        using detail::channel_awaiter<T, receive_awaiter>::channel_awaiter;
        static detail::waiter_list& line(state& shared) noexcept { return shared.receivers; }
        static bool possible(state const& shared) noexcept { return shared.can_receive(); }
        bool try_now(state& shared) noexcept {
            if (!shared.can_receive()) return false;
            item_ = shared.pop();
            return true;
        }
        std::optional<T> await_resume() {
            this->throw_if_cancelled();
            return std::move(item_);
        }

    private:
        std::optional<T> item_;
    };

    void wait_blocking(std::unique_lock<std::mutex>& lock, detail::waiter_list& line,
                       bool (state::*possible)() const noexcept) {
        detail::thread_waiter self;
        for (bool first = true; !((*of_).*possible)(); first = false) {
            self.is_woken = false;
            first ? line.push_back(self) : line.push_front(self);
            lock.unlock();
            self.block();
            lock.lock();
        }
    }

    std::shared_ptr<state> of_;
};

} // namespace siding
