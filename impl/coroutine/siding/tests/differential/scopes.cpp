// SPDX-License-Identifier: MIT
// The operations around a body.
#include "execution.hpp"
#include "show.hpp"

namespace differential {

/// `async with`. Not by scoped(): a destructor cannot throw what release() throws when the body has
/// already released.
template <class Lockable>
siding::coroutine<execution::returned> execution::with_held(operation const& op, scope around,
                                                            Lockable& held) {
    returned value;
    std::exception_ptr thrown;
    co_await held.acquire();
    try {
        value = co_await body(op.body, around);
    } catch (...) {
        thrown = std::current_exception();
    }
    held.release();
    if (thrown) std::rethrow_exception(thrown);
    co_return value;
}

siding::coroutine<execution::returned> execution::with_scope(operation const& op, scope around) {
    if (op.op == "timeout") co_return co_await with_timeout(op, around);
    if (op.op == "group") co_return co_await with_group(op, around);
    if (op.op == "try") co_return co_await with_try(op, around);
    if (op.op == "repeat") co_return co_await with_repeat(op, around);
    if (op.op == "with_lock") co_return co_await with_held(op, around, locks_.at(op.a));
    if (op.op == "with_condition") co_return co_await with_held(op, around, condition_);
    if (op.op == "with_semaphore") {
        siding::semaphore& semaphore = op.a == 1 ? bounded_ : semaphore_;
        co_return co_await with_held(op, around, semaphore);
    }
    throw std::logic_error("unknown operation " + op.op);
}

siding::coroutine<execution::returned> execution::with_timeout(operation const& op, scope around) {
    bool expired = false;
    returned value;
    std::exception_ptr thrown;
    try {
        auto inside = [&](siding::timeout_scope& limited) -> siding::coroutine<returned> {
            struct watch {
                watch(environment& in, siding::timeout_scope& of) : around(in) {
                    around.timeouts.push_back(&of);
                }
                watch(watch const&) = delete;
                watch& operator=(watch const&) = delete;
                ~watch() { around.timeouts.pop_back(); }
                environment& around;
            };
            struct report {
                report(siding::timeout_scope& of, bool& to) : from(of), expired(to) {}
                report(report const&) = delete;
                report& operator=(report const&) = delete;
                ~report() { expired = from.expired(); }
                siding::timeout_scope& from;
                bool& expired;
            };
            report const reported(limited, expired);
            watch const watched(around, limited);
            co_return co_await body(op.body, around);
        };
        auto piece = siding::timeout(limit(op), inside);
        value = co_await std::move(piece);
    } catch (...) {
        thrown = std::current_exception();
    }
    trace(op.id, "expired " + show(expired));
    if (thrown) std::rethrow_exception(thrown);
    co_return value;
}

siding::coroutine<execution::returned> execution::with_group(operation const& op, scope around) {
    auto inside = [&](siding::task_group& group) -> siding::coroutine<returned> {
        struct watch {
            watch(environment& in, siding::task_group& of) : around(in) {
                around.groups.push_back(&of);
            }
            watch(watch const&) = delete;
            watch& operator=(watch const&) = delete;
            ~watch() { around.groups.pop_back(); }
            environment& around;
        };
        watch const watched(around, group);
        co_return co_await body(op.body, around);
    };
    auto piece = siding::task_group::run(inside);
    co_return co_await std::move(piece);
}

siding::coroutine<execution::returned> execution::with_try(operation const& op, scope around) {
    returned value;
    std::exception_ptr thrown;
    try {
        value = co_await body(op.body, around);
    } catch (cut const&) {
        throw;
    } catch (...) {
        thrown = std::current_exception();
    }
    if (thrown) {
        auto const& handler = is_cancellation(thrown) ? op.on_cancel : op.on_error;
        if (handler) {
            try {
                value = co_await body(*handler, around);
                if (!op.again) thrown = nullptr;
            } catch (...) {
                thrown = std::current_exception();
            }
        }
    }
    if (open_) static_cast<void>(co_await body(op.finally, around));
    if (thrown) std::rethrow_exception(thrown);
    co_return value;
}

siding::coroutine<execution::returned> execution::with_repeat(operation const& op, scope around) {
    for (std::size_t i = 0; i < op.a; ++i) {
        auto value = co_await body(op.body, around);
        if (value) co_return value;
    }
    co_return std::nullopt;
}

} // namespace differential
