// SPDX-License-Identifier: MIT
#pragma once

#include "siding/context.hpp"
#include "siding/run.hpp"

#include <optional>
#include <utility>

namespace siding {

namespace detail {

/// Runs `main` in the same task, and keeps the values that its context variables have in the end.
template <class T>
coroutine<T> run_in_context(coroutine<T> main, context& values) {
    [[maybe_unused]] int outermost_local = 0; // GCC PR106188
    struct keeper {
        explicit keeper(context& to) noexcept : into(to) {}
        keeper(keeper const&) = delete;
        keeper& operator=(keeper const&) = delete;
        ~keeper() { into = copy_context(); }
        context& into;
    } const keep(values);
    co_return co_await std::move(main);
}

} // namespace detail

/// asyncio.Runner: several main coroutines, one behind the other, in one loop; context variables
/// keep from one to the next what they were set to. `siding::run` is a runner that runs one. For
/// the thread that made it; its loop is that thread's until `close`. Source: CPython 3.13,
/// Lib/asyncio/runners.py.
class runner {
public:
    /// Makes nothing yet: the loop begins with the first `run` or `get_loop`.
    explicit runner(loop_options options = {}) noexcept : options_(options) {}
    runner(runner const&) = delete;
    runner& operator=(runner const&) = delete;
    ~runner() { close(); }

    /// Returns or throws what `main` does. Tasks that it leaves behind go on with the next run.
    /// SIGINT as for `siding::run`: the first cancels `main`, and keyboard_interrupt is thrown.
    /// Throws runtime_error inside a running loop, and once it is closed.
    template <class T>
    T run(coroutine<T> main) {
        detail::expect_no_running_loop();
        auto& home = get_loop();
        auto const body = values_->run(
            [&] { return home.create_task(detail::run_in_context(std::move(main), *values_)); });
        detail::interruption const interrupted(body);
        try {
            return home.run_until_complete(static_cast<future<T>>(body));
        } catch (cancelled_error const&) {
            if (interrupted.cancelled_main()) throw keyboard_interrupt();
            throw;
        }
    }

    /// The loop; made at first use. Throws runtime_error once the runner is closed.
    [[nodiscard]] loop& get_loop() {
        if (is_closed_) throw runtime_error("Runner is closed");
        if (!scope_) {
            values_.emplace(copy_context());
            scope_.emplace(options_);
        }
        return scope_->get();
    }

    /// Cancels the tasks that are left, waits for them, joins the default executor, and closes the
    /// loop. Does nothing the second time.
    void close() {
        is_closed_ = true;
        scope_.reset();
        values_.reset();
    }

private:
    loop_options options_;
    std::optional<context> values_; ///< outlives the loop, whose tasks may write to it
    std::optional<detail::run_scope> scope_;
    bool is_closed_ = false;
};

} // namespace siding
