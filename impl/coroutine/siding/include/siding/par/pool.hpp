// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/future.hpp"
#include "siding/loop.hpp"
#include "siding/par/par.hpp"

#include <atomic>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail::fork_join {

class workers;

template <class P>
struct value_of_par;
template <class T>
struct value_of_par<par<T>> {
    using type = T;
};
template <class F, class... A>
using par_value = typename value_of_par<std::invoke_result_t<F&, A&...>>::type;

/// A call that is on its way through a pool, with what becomes of it.
template <class F, class... A>
class pool_call : public root {
public:
    using value_type = par_value<F, A...>;

    explicit pool_call(F f, A... arguments)
        : function_(std::move(f)), arguments_(std::move(arguments)...) {}

    std::coroutine_handle<> start() noexcept final {
        try {
            auto& made = drive(*this).release();
            made.parent = nullptr;
            made.result = static_cast<root*>(this);
            return made.handle();
        } catch (...) {
            error = std::current_exception();
            return nullptr;
        }
    }

    std::exception_ptr error;
    [[no_unique_address]] std::conditional_t<std::is_void_v<value_type>, nothing, value_type>
        value{};

private:
    static par<void> drive(pool_call& self) {
        [[maybe_unused]] int outermost_local = 0; // GCC PR106188
        try {
            if constexpr (std::is_void_v<value_type>) {
                co_await std::apply(self.function_, self.arguments_);
            } else {
                self.value = co_await std::apply(self.function_, self.arguments_);
            }
        } catch (...) {
            self.error = std::current_exception();
        }
    }

    F function_;
    std::tuple<A...> arguments_;
};

/// A thread blocks until it is done.
template <class F, class... A>
class blocking_call final : public pool_call<F, A...> {
public:
    using pool_call<F, A...>::pool_call;

    void wait() noexcept {
        while (done_.load(std::memory_order_acquire) == 0) {
            real_atomics::wait(done_, 0);
        }
    }

private:
    void finish() noexcept override {
        auto& word = done_;
        word.store(1, std::memory_order_release);
        // The call may be gone; a wake of memory that is not there has no effect.
        real_atomics::wake(word);
    }
    std::atomic<std::uint32_t> done_ = 0;
};

/// A future of a loop waits for it.
template <class F, class... A>
class posted_call final : public pool_call<F, A...> {
public:
    using value_type = typename pool_call<F, A...>::value_type;

    posted_call(loop_core& home, future<value_type> to, F f, A... arguments)
        : pool_call<F, A...>(std::move(f), std::move(arguments)...),
          home_(home),
          to_(std::move(to)) {
        home_.expect_call_from_thread();
    }
    ~posted_call() override {
        // The worker may still be waking the loop, which must not close before that.
        while (!has_left_.load(std::memory_order_acquire)) {
            std::this_thread::yield();
        }
        home_.call_from_thread_ended();
    }

private:
    void finish() noexcept override {
        home_.facade().call_soon_threadsafe(
            [mine = std::unique_ptr<posted_call>(this)] { mine->deliver(); });
        has_left_.store(true, std::memory_order_release); // and this may be gone
    }
    void deliver() {
        if (to_.done()) return; // cancelled meanwhile
        if (this->error) {
            to_.set_exception(std::move(this->error));
        } else if constexpr (std::is_void_v<value_type>) {
            to_.set_result();
        } else {
            to_.set_result(std::move(this->value));
        }
    }

    loop_core& home_;
    future<value_type> to_;
    std::atomic<bool> has_left_ = false; ///< the worker has
};

} // namespace detail::fork_join

/// Threads that run `par` computations by work stealing. They sleep when there is nothing to do.
/// Thread-safe. The destructor waits for what has been given to it.
class par_pool {
public:
    static constexpr unsigned most_workers = detail::fork_join::sleepers<>::most;

    /// Throws std::invalid_argument unless 1 <= workers <= most_workers, std::system_error if a
    /// thread cannot be started.
    explicit par_pool(unsigned workers);
    par_pool(par_pool const&) = delete;
    par_pool& operator=(par_pool const&) = delete;
    ~par_pool();

    /// `co_await pool.run(f, arguments...)` in a coroutine of a loop: runs the par that
    /// `f(arguments...)` makes; the loop goes on meanwhile. Gives its value or throws its
    /// exception. Arguments are taken by value. Cancelling forgets the computation, it does not
    /// stop it.
    template <class F, class... A>
    [[nodiscard]] coroutine<detail::fork_join::par_value<F, A...>> run(F f, A... arguments) {
        using value = detail::fork_join::par_value<F, A...>;
        auto& home = loop::running();
        auto const pending = home.create_future<value>();
        auto call = std::make_unique<detail::fork_join::posted_call<F, A...>>(
            detail::core_of(home), pending, std::move(f), std::move(arguments)...);
        submit(*call.release());
        co_return co_await pending;
    }

    /// The same for a thread without a loop, which blocks. Not for the threads of the pool.
    template <class F, class... A>
    detail::fork_join::par_value<F, A...> run_blocking(F f, A... arguments) {
        detail::fork_join::blocking_call<F, A...> call(std::move(f), std::move(arguments)...);
        submit(call);
        call.wait();
        if (call.error) std::rethrow_exception(std::move(call.error));
        if constexpr (!std::is_void_v<detail::fork_join::par_value<F, A...>>) {
            return std::move(call.value);
        }
    }

private:
    void submit(detail::fork_join::root& call);

    std::unique_ptr<detail::fork_join::workers> workers_;
};

} // namespace siding
