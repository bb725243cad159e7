// SPDX-License-Identifier: MIT
#pragma once

#include "siding/clock.hpp"
#include "siding/detail/context.hpp"
#include "siding/detail/destruction.hpp"
#include "siding/detail/pool.hpp"
#include "siding/detail/timer_wheel.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

class loop_core;

/// A function that the loop calls, once: by call_soon, call_at, or when a future is done.
struct callback : timer, pool::pooled {
    explicit callback(loop_core& owner) noexcept
        : timer(&react_to), home(owner), context(share(current_context())) {}
    virtual ~callback() { release(context); }
    virtual void invoke() = 0;
    virtual void own_subject() noexcept {} ///< a done callback holds its future from now on

    static bool react_to(waiter& self, signal reason) noexcept;
    void drop_reference() noexcept {
        if (--references == 0) destroy_in_turn(*this);
    }

    loop_core& home;
    context_node* context;
    std::uint64_t id = 0; ///< of a done callback
    std::uint32_t references = 1;
    bool cancelled = false;
};

template <class Function>
struct callback_of final : callback {
    template <class F>
    callback_of(loop_core& owner, F&& f) : callback(owner), function(std::forward<F>(f)) {}
    void invoke() override { static_cast<void>(function()); }

    Function function;
};

/// From another thread: its block comes from malloc, for a pool whose blocks always end up in
/// another thread's lists would grow without end.
template <class Function>
struct posted_callback final : callback {
    template <class F>
    posted_callback(loop_core& owner, F&& f) : callback(owner), function(std::forward<F>(f)) {}
    void invoke() override { static_cast<void>(function()); }
    static void* operator new(std::size_t bytes) { return ::operator new(bytes); }
    static void operator delete(void* memory) noexcept { ::operator delete(memory); }

    Function function;
};

} // namespace detail

/// asyncio.Handle and TimerHandle: a call that is to come. Dropping it does not cancel the call.
/// For the loop's thread only.
class handle {
public:
    handle() = default;
    explicit handle(detail::callback& to) noexcept : to_(&to) { ++to.references; }
    handle(handle const& other) noexcept : to_(other.to_) {
        if (to_ != nullptr) ++to_->references;
    }
    handle(handle&& other) noexcept : to_(std::exchange(other.to_, nullptr)) {}
    handle& operator=(handle other) noexcept {
        std::swap(to_, other.to_);
        return *this;
    }
    ~handle() {
        if (to_ != nullptr) to_->drop_reference();
    }

    /// The function will not be called, if it has not been. Does nothing the second time.
    void cancel() noexcept;
    [[nodiscard]] bool cancelled() const noexcept { return to_ != nullptr && to_->cancelled; }
    /// When it is due; call_later and call_at only.
    [[nodiscard]] time_point when() const noexcept {
        return detail::as_time_point(to_->deadline_ns);
    }
    explicit operator bool() const noexcept { return to_ != nullptr; }

private:
    detail::callback* to_ = nullptr;
};

} // namespace siding
