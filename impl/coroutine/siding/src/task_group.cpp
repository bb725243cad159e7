// SPDX-License-Identifier: MIT
#include "siding/task_group.hpp"

#include <typeinfo>

namespace siding {
namespace {

bool is_cancellation(std::exception_ptr const& error) {
    return error != nullptr && *error.__cxa_exception_type() == typeid(cancelled_error);
}

} // namespace

task_group::~task_group() {
    for (auto const& each : tasks_) {
        each.task.remove_done_callback(each.on_done);
    }
}

void task_group::enter() {
    if (entered_) throw runtime_error("TaskGroup has been already entered");
    parent_ = detail::running_task();
    if (parent_ == nullptr) throw runtime_error("TaskGroup cannot determine the parent task");
    entered_ = true;
}

void task_group::expect_open() const {
    if (!entered_) throw runtime_error("TaskGroup has not been entered");
    if (exiting_ && tasks_.empty()) throw runtime_error("TaskGroup is finished");
    if (aborting_) throw runtime_error("TaskGroup is shutting down");
}

void task_group::add(any_task created) {
    try {
        // Room for its error now: there is nobody to tell when it fails.
        if (auto const most = errors_.size() + tasks_.size() + 2; errors_.capacity() < most) {
            errors_.reserve(2 * most);
        }
        tasks_.push_back({created});
        auto const place = std::prev(tasks_.end());
        try {
            place->on_done =
                created.add_done_callback([this, place](any_future const&) { on_done(place); });
        } catch (...) {
            tasks_.erase(place);
            throw;
        }
    } catch (...) { // no memory: a task that the group does not know must not run
        created.cancel();
        throw;
    }
}

void task_group::abort() {
    aborting_ = true;
    for (auto const& each : tasks_) {
        if (!each.task.done()) each.task.cancel();
    }
}

void task_group::on_done(members::iterator place) {
    auto const ended = std::move(place->task);
    tasks_.erase(place);
    if (tasks_.empty()) all_done_.set();
    if (ended.cancelled()) return;
    auto error = ended.exception();
    if (!error) return;
    errors_.push_back(std::move(error));
    if (parent_->done()) {
        loop::running().call_exception_handler(
            {"Task has errored out but its parent task is already completed", errors_.back()});
        return;
    }
    if (!aborting_ && !cancelled_parent_) {
        abort();
        // Gets the body out of its await; exit() takes the cancellation back.
        cancelled_parent_ = true;
        parent_->cancel({});
    }
}

coroutine<> task_group::exit(std::exception_ptr error) {
    exiting_ = true;
    std::exception_ptr cancellation = is_cancellation(error) ? error : nullptr;
    if (error && !aborting_) abort();
    while (!tasks_.empty()) {
        all_done_.clear();
        try {
            co_await all_done_.wait();
        } catch (cancelled_error const&) {
            if (!aborting_) { // we are cancelled from outside while the tasks still run
                cancellation = std::current_exception();
                abort();
            }
        }
    }
    if (cancelled_parent_ && detail::uncancel(*parent_) == 0) cancellation = nullptr;
    if (cancellation && errors_.empty()) std::rethrow_exception(cancellation);
    if (error && !is_cancellation(error)) errors_.push_back(error);
    if (!errors_.empty()) {
        // Cancelled from outside too: that comes at the next await, and is still one request.
        if (parent_->cancel_requests != 0) {
            static_cast<void>(detail::uncancel(*parent_));
            parent_->cancel({});
        }
        throw exception_group("unhandled errors in a TaskGroup", std::move(errors_));
    }
}

} // namespace siding
