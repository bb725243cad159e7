// SPDX-License-Identifier: MIT
#pragma once

#include "siding/detail/interruption.hpp"
#include "siding/errors.hpp"
#include "siding/gather.hpp"
#include "siding/loop.hpp"
#include "siding/task.hpp"

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
        cancel_all_tasks(loop_);
        loop_.close();
    }
    [[nodiscard]] siding::loop& get() noexcept { return loop_; }

private:
    siding::loop loop_;
};

} // namespace detail

/// asyncio.run: runs `main` in a loop of its own and returns or throws what it does. In the end all
/// tasks that are left are cancelled and awaited. Throws runtime_error inside a running loop.
///
/// In the main thread, and unless the program handles SIGINT itself: the first SIGINT cancels
/// `main`, and if that ends it, `run` throws keyboard_interrupt; a second one kills the process.
template <class T>
T run(coroutine<T> main, loop_options options = {}) {
    detail::expect_no_running_loop();
    detail::run_scope scope(options);
    auto const body = scope.get().create_task(std::move(main));
    detail::interruption const interrupted(body);
    try {
        return scope.get().run_until_complete(static_cast<future<T>>(body));
    } catch (cancelled_error const&) {
        if (interrupted.cancelled_main()) throw keyboard_interrupt();
        throw;
    }
}

} // namespace siding
