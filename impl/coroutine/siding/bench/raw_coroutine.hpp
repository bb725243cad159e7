// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

/// The least coroutine that can be written by hand: frames from malloc, symmetric transfer, no
/// exceptions kept, no loop. What a library adds to it is what it costs.
namespace raw {

class child {
public:
    struct promise_type {
        std::coroutine_handle<> parent = std::noop_coroutine();
        int value = 0;

        struct back_to_parent {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<>
            await_suspend(std::coroutine_handle<promise_type> self) noexcept {
                return self.promise().parent;
            }
            void await_resume() noexcept {}
        };

        child get_return_object() noexcept {
            return child{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        back_to_parent final_suspend() noexcept { return {}; }
        void return_value(int result) noexcept { value = result; }
        void unhandled_exception() noexcept { std::terminate(); }
    };

    child(child&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
    child& operator=(child&&) = delete;
    ~child() {
        if (self_) self_.destroy();
    }

    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        self_.promise().parent = parent;
        return self_;
    }
    int await_resume() noexcept { return self_.promise().value; }

    [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return self_; }

private:
    explicit child(std::coroutine_handle<promise_type> self) noexcept : self_(self) {}

    std::coroutine_handle<promise_type> self_;
};

/// A FIFO of ready coroutines; the size is a power of two and never exceeded.
class ready_ring {
public:
    explicit ready_ring(std::size_t size)
        : slots_(std::make_unique<std::coroutine_handle<>[]>(size)), mask_(size - 1) {}

    void push(std::coroutine_handle<> ready) noexcept { slots_[tail_++ & mask_] = ready; }
    [[nodiscard]] std::coroutine_handle<> pop() noexcept { return slots_[head_++ & mask_]; }
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }

private:
    std::unique_ptr<std::coroutine_handle<>[]> slots_;
    std::size_t mask_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// Awaiting it goes to the end of the ring and runs the first.
struct to_end {
    ready_ring& ready;
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept {
        ready.push(self);
        return ready.pop();
    }
    void await_resume() noexcept {}
};

/// Awaiting it runs the first of the ring; `child`, which is in it, goes on with who awaits.
struct joined {
    ready_ring& ready;
    child& awaited;
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept {
        static_cast<void>(awaited.await_suspend(self));
        return ready.pop();
    }
    int await_resume() noexcept { return awaited.await_resume(); }
};

} // namespace raw
