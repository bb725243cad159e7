// SPDX-License-Identifier: MIT
#include "siding/barrier.hpp"
#include "siding/condition.hpp"

namespace siding {

void detail::waiting_line::throw_other_loop() {
    throw runtime_error("a lock, event, queue or the like is awaited in another event loop");
}

void detail::grant_waiter::throw_orphaned(char const* name) {
    throw_if_cancelled(*this);
    throw runtime_error("the " + std::string(name) + " was destroyed before its grant was taken");
}

coroutine<> condition::wait() {
    if (!locked()) throw runtime_error("cannot wait on un-acquired lock");
    detail::reference_to<condition> const here(*this);
    release();
    std::exception_ptr error;
    try {
        co_await notified_awaiter(*this);
    } catch (...) {
        error = std::current_exception();
    }
    // Whatever happens, the lock is held again in the end, if there is one.
    bool acquired = false;
    while (!acquired && here.get() != nullptr && lock_.get() != nullptr) {
        try {
            co_await acquire();
            acquired = true;
        } catch (cancelled_error const&) {
            error = std::current_exception();
        }
    }
    if (!error) co_return;
    if (here.get() == nullptr) std::rethrow_exception(error);
    // It may have been notified before it was cancelled: the notification is for another then, who
    // at worst wakes up for nothing.
    wake(1);
    std::rethrow_exception(error);
}

void condition::notify(std::size_t count) {
    if (!locked()) throw runtime_error("cannot notify on un-acquired lock");
    wake(count);
}

void condition::wake(std::size_t count) {
    if (count == 0) return;
    detail::any_waiter(waiters_, [&](detail::grant_waiter& w) {
        if (!w.pending()) return false;
        w.grant();
        return --count == 0;
    });
}

barrier::barrier(std::size_t parties) : parties_(parties) {
    if (parties < 1) throw value_error("parties must be > 0");
}

coroutine<std::size_t> barrier::wait() {
    auto const held = co_await changed_.scoped();
    auto const may_enter = [this] {
        return state_ != state::draining && state_ != state::resetting;
    };
    static_cast<void>(co_await changed_.wait_for(may_enter));
    if (state_ == state::broken) throw broken_barrier_error("Barrier aborted");

    struct on_leaving {
        explicit on_leaving(barrier& b) noexcept : of(b) {}
        on_leaving(on_leaving const&) = delete;
        on_leaving& operator=(on_leaving const&) = delete;
        ~on_leaving() {
            if (auto* const still = of.get()) still->leave();
        }
        detail::reference_to<barrier> of;
    };
    on_leaving const leaving(*this);
    auto const index = count_++;
    if (index + 1 == parties_) {
        state_ = state::draining;
        changed_.notify_all();
    } else {
        auto const is_full = [this] { return state_ != state::filling; };
        static_cast<void>(co_await changed_.wait_for(is_full));
        if (state_ == state::broken || state_ == state::resetting) {
            throw broken_barrier_error("Abort or reset of barrier");
        }
    }
    co_return index;
}

void barrier::leave() {
    --count_;
    if (count_ != 0) return;
    if (state_ == state::resetting || state_ == state::draining) state_ = state::filling;
    if (changed_.locked()) changed_.notify_all(); // not while the frame is destroyed in its wait
}

coroutine<> barrier::reset() {
    auto const held = co_await changed_.scoped();
    state_ = count_ > 0 ? state::resetting : state::filling;
    changed_.notify_all();
}

coroutine<> barrier::abort() {
    auto const held = co_await changed_.scoped();
    state_ = state::broken;
    changed_.notify_all();
}

} // namespace siding
