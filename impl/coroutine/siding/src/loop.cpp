// SPDX-License-Identifier: MIT
#include "siding/loop.hpp"

#include "siding/detail/print.hpp"
#include "siding/executor.hpp"
#include "siding/task.hpp"

#include <cstdio>
#include <utility>

namespace siding {

loop::loop(loop_options options) : loop_core(options.clock) {
    use(options.backend != nullptr ? options.backend(*this) : detail::make_epoll_backend(*this));
}

loop::~loop() { close(); }

void loop::close() {
    if (is_closed()) return;
    if (is_running()) throw runtime_error("cannot close a running event loop");
    remove_signal_handlers();
    shutdown_default_executor();
    end();
}

void loop::run_forever() {
    run_until_stopped();
    if (was_forked()) throw_stopped();
}

handle loop::call_at_ns(std::uint64_t deadline_ns, detail::callback& call) {
    call.deadline_ns = deadline_ns;
    insert_timer(call);
    return handle(call);
}

void loop::set_exception_handler(std::function<void(loop&, exception_context const&)> handler) {
    exception_handler_ = std::move(handler);
}

void loop::call_exception_handler(exception_context const& context) noexcept {
    if (exception_handler_) {
        try {
            exception_handler_(*this, context);
            return;
        } catch (...) {
            std::fputs("siding: the exception handler itself threw\n", stderr);
        }
    }
    detail::print(context);
}

void detail::loop_core::call_exception_handler(exception_context const& context) noexcept {
    facade().call_exception_handler(context);
}

executor& loop::default_executor() {
    if (!executor_) executor_ = std::make_shared<executor>();
    return *executor_;
}

void loop::shutdown_default_executor() { executor_.reset(); }

/// In a forked child: they are not there, and cannot be joined.
void loop::lose_threads() noexcept {
    static std::vector<std::shared_ptr<executor>> lost;
    if (executor_) lost.push_back(std::move(executor_));
}

std::vector<any_task> loop::all_tasks() const {
    std::vector<any_task> all;
    for_each_task([&](detail::task_core& each) {
        if (!each.is_internal()) all.push_back(any_task(each));
    });
    return all;
}

} // namespace siding
