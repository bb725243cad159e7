// SPDX-License-Identifier: MIT
#include "siding/task_group.hpp"

#include <typeinfo>
#include <utility>

namespace siding {
namespace {

bool is_cancellation(std::exception_ptr const& error) {
    return error != nullptr && *error.__cxa_exception_type() == typeid(cancelled_error);
}

} // namespace

struct task_group::member final : detail::linked_waiter, detail::pool::pooled {
    member(task_group& owner, any_task member_task) noexcept
        : linked_waiter(&react_to), group(owner), task(std::move(member_task)) {}
    ~member() {
        if (linked()) task.core()->callbacks.erase(*this);
        if (in_ready_queue) detail::loop_core::of_this_thread()->unschedule(*this);
    }

    static bool react_to(detail::waiter& self, detail::signal reason) noexcept {
        auto& me = static_cast<member&>(self);
        me.in_ready_queue = reason == detail::signal::done;
        if (reason == detail::signal::run) me.group.on_done(me);
        return true;
    }

    task_group& group;
    any_task task;
    member* before = nullptr;
    member* after = nullptr;
    bool in_ready_queue = false; ///< the task has ended, and the group will hear of it
};

task_group::~task_group() {
    while (first_ != nullptr) {
        forget(*first_);
    }
}

void task_group::forget(member& gone) noexcept {
    (gone.before == nullptr ? first_ : gone.before->after) = gone.after;
    (gone.after == nullptr ? last_ : gone.after->before) = gone.before;
    --count_;
    delete &gone;
}

void task_group::enter() {
    if (entered_) throw runtime_error("TaskGroup has been already entered");
    parent_ = detail::running_task();
    if (parent_ == nullptr) throw runtime_error("TaskGroup cannot determine the parent task");
    entered_ = true;
}

void task_group::expect_open() const {
    if (!entered_) throw runtime_error("TaskGroup has not been entered");
    if (exiting_ && first_ == nullptr) throw runtime_error("TaskGroup is finished");
    if (aborting_) throw runtime_error("TaskGroup is shutting down");
}

void task_group::add(any_task created) {
    auto& core = *created.core();
    member* added = nullptr;
    try {
        // Room for its error now: there is nobody to tell when it fails.
        if (auto const most = errors_.size() + count_ + 2; errors_.capacity() < most) {
            errors_.reserve(2 * most);
        }
        added = new member(*this, created);
    } catch (...) { // no memory: a task that the group does not know must not run
        created.cancel();
        throw;
    }
    added->before = last_;
    (last_ == nullptr ? first_ : last_->after) = added;
    last_ = added;
    ++count_;
    if (core.done()) {
        added->in_ready_queue = true;
        detail::loop_core::of_this_thread()->schedule(*added);
    } else {
        core.callbacks.push_back(*added);
    }
}

void task_group::abort() {
    aborting_ = true;
    for (auto* each = first_; each != nullptr; each = each->after) {
        if (!each->task.done()) each->task.cancel();
    }
}

void task_group::on_done(member& gone) noexcept {
    auto const ended = std::move(gone.task);
    forget(gone);
    if (first_ == nullptr) all_done_.set();
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
    while (first_ != nullptr) {
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
