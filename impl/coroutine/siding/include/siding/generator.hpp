// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace siding {

/// A generator function of Python: a range of what a coroutine yields, made one by one as it is
/// iterated. `generator<int> count() { for (int i = 0;; ++i) co_yield i; }`. As std::generator of
/// C++23; it needs no loop and cannot await (async_generator can). Move-only, iterated once, by one
/// thread at a time. What the body throws comes out of `begin()` or `++`. Dropped half-way, its
/// body is destroyed where it stands: destructors run.
template <class T>
class [[nodiscard]] generator {
    static_assert(std::is_object_v<T>, "yield values; for references yield pointers");

public:
    class promise_type {
    public:
        generator get_return_object() noexcept {
            return generator(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
        [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
        /// The value lives in the expression until the body goes on.
        std::suspend_always yield_value(T&& value) noexcept {
            yielded_ = std::addressof(value);
            return {};
        }
        auto yield_value(T const& value) {
            // Its place is known when it has come to rest: g++ 12.2 may copy it before.
            struct copied {
                T value;
                [[nodiscard]] bool await_ready() const noexcept { return false; }
                void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
                    self.promise().yielded_ = std::addressof(value);
                }
                void await_resume() const noexcept {}
            };
            return copied{value};
        }
        void return_void() const noexcept {}
        void unhandled_exception() { throw; } // into whoever iterates
        template <class A>
        void await_transform(A&&) = delete; // "async_generator" awaits

    private:
        friend generator;
        T* yielded_ = nullptr;
    };

    class iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;

        explicit iterator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
        /// May be moved from.
        [[nodiscard]] T& operator*() const noexcept { return *frame_.promise().yielded_; }
        iterator& operator++() {
            frame_.resume();
            return *this;
        }
        void operator++(int) { ++*this; }
        [[nodiscard]] friend bool operator==(iterator const& position,
                                             std::default_sentinel_t) noexcept {
            return position.frame_.done();
        }

    private:
        std::coroutine_handle<promise_type> frame_;
    };

    generator(generator&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    generator& operator=(generator&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~generator() {
        if (frame_) frame_.destroy();
    }

    /// Runs the body to its first value.
    [[nodiscard]] iterator begin() {
        frame_.resume();
        return iterator(frame_);
    }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
    explicit generator(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

} // namespace siding
