// SPDX-License-Identifier: MIT
// The operations that do not wait.
#include "execution.hpp"
#include "show.hpp"

#include <algorithm>

namespace differential {
namespace {

std::string const nothing = "none";

} // namespace

execution::text execution::now(operation const& op, scope around) {
    if (op.op == "trace") return "here";
    if (op.op == "raise") throw error{op.a};
    if (auto done = now_future(op)) return done;
    if (auto done = now_task(op)) return done;
    if (auto done = now_callback(op)) return done;
    if (auto done = now_primitive(op)) return done;
    return now_scope(op, around);
}

execution::text execution::now_future(operation const& op) {
    auto const found = slots_.find(op.a);
    auto const any = found == slots_.end() ? siding::any_future{} : found->second.any;
    auto const future = text_at(op.a);
    if (op.op == "future") {
        futures_.push_back(loop_->create_future<std::string>());
        put(op.a, futures_.back());
    } else if (op.op == "drop") {
        slots_.erase(op.a);
    } else if (op.op == "state") {
        if (!any) return nothing;
        return any.cancelled() ? "cancelled" : any.done() ? "done" : "pending";
    } else if (op.op == "cancel") {
        if (any) return show(any.cancel(fault_ == mutation::lost_message ? "" : op.s));
    } else if (op.op == "result") {
        if (future) return future.result();
    } else if (op.op == "exception") {
        if (!any) return nothing;
        auto const failure = any.exception();
        return failure ? '!' + show_error(failure) : "no exception";
    } else if (op.op == "set_result") {
        if (future) future.set_result(std::to_string(*op.b));
    } else if (op.op == "set_exception") {
        if (future) future.set_exception(error{*op.b});
    } else {
        return std::nullopt;
    }
    return nothing;
}

execution::text execution::now_task(operation const& op) {
    auto const found = slots_.find(op.a);
    auto const task = found == slots_.end() ? siding::any_task{} : found->second.task;
    if (op.op == "cancel_self") {
        return show(siding::current_task().cancel(fault_ == mutation::lost_message ? "" : op.s));
    }
    if (op.op == "uncancel_self") return std::to_string(siding::current_task().uncancel());
    if (op.op == "cancelling") return task ? std::to_string(task.cancelling()) : nothing;
    if (op.op == "uncancel") return task ? std::to_string(task.uncancel()) : nothing;
    if (op.op == "name") return task ? short_name(task) : nothing;
    if (op.op == "spawn") {
        auto const made = loop_->create_task(call(*op.f), next_name('T'));
        put(op.a, made, made);
        return made.get_name();
    }
    if (op.op == "all_tasks") {
        std::vector<std::string> names;
        for (auto const& each : siding::all_tasks()) {
            names.push_back(short_name(each));
        }
        std::ranges::sort(names);
        return show(names);
    }
    return std::nullopt;
}

void execution::run_callback(operation const& op) {
    trace(op.id, "called");
    for (auto const& each : op.body) {
        step_now(each);
    }
}

void execution::step_now(operation const& op) {
    environment none;
    text result;
    std::exception_ptr thrown;
    try {
        result = now(op, none);
    } catch (cut const&) {
        throw;
    } catch (...) {
        thrown = std::current_exception();
    }
    trace(op.id, thrown ? op.op + " raised " + show_error(thrown) : op.op + ' ' + result.value());
    if (thrown && op.op == "raise") std::rethrow_exception(thrown);
}

void execution::start_callback(operation const& op) {
    auto const run = [this, &op] { run_callback(op); };
    handles_[op.a] =
        op.op == "call_soon" ? loop_->call_soon(run) : loop_->call_later(ticks(*op.t), run);
}

execution::text execution::now_callback(operation const& op) {
    auto const found = slots_.find(op.a);
    auto const any = found == slots_.end() ? siding::any_future{} : found->second.any;
    auto const handle = handles_.find(op.a);
    if (op.op == "add_callback") {
        if (!any) return nothing;
        callbacks_[*op.b] =
            any.add_done_callback([this, &op](siding::any_future const&) { run_callback(op); });
    } else if (op.op == "remove_callback") {
        auto const id = callbacks_.find(*op.b);
        if (!any || id == callbacks_.end()) return nothing;
        return any.remove_done_callback(id->second) ? "1" : "0";
    } else if (op.op == "call_soon" || op.op == "call_later") {
        start_callback(op);
    } else if (op.op == "handle_cancel") {
        if (handle != handles_.end()) handle->second.cancel();
    } else if (op.op == "handle_cancelled") {
        return handle == handles_.end() ? nothing : show(handle->second.cancelled());
    } else {
        return std::nullopt;
    }
    return nothing;
}

namespace {

std::array<siding::context_var<std::size_t>, 2>& variables() {
    static std::array<siding::context_var<std::size_t>, 2> both{
        siding::context_var<std::size_t>("v0", ~std::size_t{0}),
        siding::context_var<std::size_t>("v1", ~std::size_t{0})};
    return both;
}

} // namespace

template <class Queue>
execution::text execution::now_queue(operation const& op, Queue& queue) {
    if (op.op == "put_nowait") {
        queue.put_nowait(*op.b);
    } else if (op.op == "get_nowait") {
        return std::to_string(queue.get_nowait());
    } else if (op.op == "task_done") {
        queue.task_done();
    } else {
        return std::to_string(queue.qsize()) + ' ' + show(queue.empty()) + ' ' + show(queue.full());
    }
    return nothing;
}

execution::text execution::now_primitive(operation const& op) {
    siding::semaphore& semaphore = op.a == 1 ? bounded_ : semaphore_;
    if (op.op == "event_set") {
        if (fault_ == mutation::late_event) {
            // Late by two turns: who is woken a turn late is often seen by nobody.
            loop_->call_soon([this] { loop_->call_soon([this] { event_->set(); }); });
        } else {
            event_->set();
        }
    } else if (op.op == "event_clear") {
        event_->clear();
    } else if (op.op == "event_renew") {
        event_ = std::make_unique<siding::event>(); // who waits for the old one waits on
    } else if (op.op == "event_is_set") {
        return show(event_->is_set());
    } else if (op.op == "release") {
        locks_.at(op.a).release();
    } else if (op.op == "locked") {
        return show(locks_.at(op.a).locked());
    } else if (op.op == "semaphore_release") {
        semaphore.release();
    } else if (op.op == "semaphore_locked") {
        return show(semaphore.locked());
    } else if (op.op == "condition_release") {
        condition_.release();
    } else if (op.op == "notify") {
        condition_.notify(op.a);
    } else if (op.op == "notify_all") {
        condition_.notify_all();
    } else if (op.op == "score") {
        return std::to_string(++score_);
    } else if (op.op == "barrier_state") {
        return std::to_string(barrier_.n_waiting()) + ' ' + show(barrier_.broken());
    } else if (op.op == "put_nowait" || op.op == "get_nowait" || op.op == "task_done" ||
               op.op == "queue_state") {
        return op.a == 0   ? now_queue(op, queue_)
               : op.a == 1 ? now_queue(op, priority_queue_)
                           : now_queue(op, lifo_queue_);
    } else if (op.op == "variable_set") {
        variables().at(op.a).set(*op.b);
    } else if (op.op == "variable_get") {
        auto const value = variables().at(op.a).get();
        return value == ~std::size_t{0} ? nothing : std::to_string(value);
    } else {
        return std::nullopt;
    }
    return nothing;
}

execution::text execution::now_scope(operation const& op, scope around) {
    if (op.op == "group_spawn") {
        if (around.groups.empty()) return nothing;
        auto& group = *around.groups.back();
        auto const name = next_name('G');
        auto const made = group.create_task(call(*op.f, &group), name);
        put(op.a, made, made);
        return made.get_name();
    }
    if (op.op == "reschedule") {
        auto& scopes = around.timeouts;
        if (scopes.empty()) return nothing;
        auto const from_inside = op.a % scopes.size();
        std::optional<siding::time_point> when;
        if (op.t) when = loop_->time() + ticks(*op.t);
        scopes[scopes.size() - 1 - from_inside]->reschedule(when);
        return nothing;
    }
    if (op.op == "expired") {
        return around.timeouts.empty() ? nothing : show(around.timeouts.back()->expired());
    }
    return std::nullopt;
}

} // namespace differential
