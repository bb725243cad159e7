// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/interruption.hpp"
#include "siding/errors.hpp"
#include "siding/gather.hpp"
#include "siding/loop.hpp"
#include "siding/task.hpp"

#include <exception>
#include <type_traits>
#include <utility>

namespace siding {

namespace detail {

/// Cancels every task, waits for them, and reports those that failed.
void cancel_all_tasks(loop& of);

/// Throws if a loop is running in this thread.
void expect_no_running_loop();

/// Ends a loop as asyncio.Runner does, whatever happened before.
class run_scope {
public:
    explicit run_scope(loop_options options) : loop_(options) {}
    run_scope(run_scope const&) = delete;
    run_scope& operator=(run_scope const&) = delete;
    ~run_scope() {
        if (ending_) return;
        try {
            end();
        } catch (...) { // `main` has thrown, and that is what the caller gets
            loop_.call_exception_handler(
                {"run() could not end all tasks", std::current_exception()});
        }
    }
    [[nodiscard]] siding::loop& get() noexcept { return loop_; }
    /// Throws runtime_error if a task stops the loop before all have ended; what is left is then
    /// destroyed as it waits.
    void end() {
        ending_ = true;
        cancel_all_tasks(loop_);
        loop_.close();
    }

private:
    siding::loop loop_;
    bool ending_ = false;
};

template <class T>
T run_main(loop& home, coroutine<T> main) {
    auto const body = home.create_task(std::move(main));
    interruption const interrupted(body);
    try {
        return home.run_until_complete(static_cast<future<T>>(body));
    } catch (cancelled_error const&) {
        if (interrupted.cancelled_main()) throw keyboard_interrupt();
        throw;
    }
}

} // namespace detail

/// asyncio.run: runs `main` in a loop of its own and returns or throws what it does. In the end all
/// tasks that are left are cancelled and awaited. Throws runtime_error inside a running loop, and
/// if a task stops the loop while it is ended: then what is left is destroyed as it waits.
///
/// In the main thread, and unless the program handles SIGINT itself: the first SIGINT cancels
/// `main`, and if that ends it, `run` throws keyboard_interrupt; a second one kills the process.
template <class T>
T run(coroutine<T> main, loop_options options = {}) {
    detail::expect_no_running_loop();
    detail::run_scope scope(options);
    if constexpr (std::is_void_v<T>) {
        detail::run_main(scope.get(), std::move(main));
        scope.end();
    } else {
        T result = detail::run_main(scope.get(), std::move(main));
        scope.end();
        return result;
    }
}

} // namespace siding
