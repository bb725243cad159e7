// SPDX-License-Identifier: MIT
#include "siding/gather.hpp"

#include <cstddef>
#include <new>

namespace siding::detail {

gathering::~gathering() {
    for (auto& each : std::span(children_, count_)) {
        each.~any_future();
    }
    if (most_ != 0) pool::free(subscriptions_, most_ * (sizeof(child) + sizeof(any_future)));
}

void gathering::expect(plain_core& outer, std::size_t most) {
    outer_ = &outer;
    if (most == 0) return;
    auto* const block = pool::allocate(most * (sizeof(child) + sizeof(any_future)));
    subscriptions_ = static_cast<child*>(block);
    children_ = reinterpret_cast<any_future*>(subscriptions_ + most);
    most_ = most;
}

void gathering::add(any_future added) {
    auto& core = *added.core();
    ::new (children_ + count_++) any_future(std::move(added));
    // A task that only we and the loop hold was made for this argument: it cannot come twice.
    if (core.references > 2 && !seen_.insert(&core).second) return;
    auto& one = *::new (subscriptions_ + subscribed_++) child(*this, core);
    if (one.was_done()) return;
    core.expect_this_loop();
    core.callbacks.push_back(one);
    detail::loop_core::of_this_thread()->watch(core);
    outer_->add_reference(); // until its callback has run
}

void gathering::add_new(task_core& task) noexcept {
    ::new (children_ + count_++) any_future(task);
    task.callbacks.push_back(*::new (subscriptions_ + subscribed_++) child(*this, task));
    outer_->add_reference(); // until its callback has run
}

/// What was done before counts at once, as in CPython from 3.12 on.
void gathering::all_added() {
    seen_.clear();
    if (subscribed_ == 0) {
        set_results();
        return outer_->schedule_callbacks();
    }
    for (std::size_t i = 0; i < subscribed_; ++i) {
        if (auto& one = subscriptions_[i]; one.was_done()) child_done(*one.of);
    }
}

bool gathering::child::react_to(waiter& self, signal reason) noexcept {
    auto& me = static_cast<child&>(self);
    auto& outer = *me.owner->outer_;
    if (reason == signal::done) return true;
    if (reason == signal::run) me.owner->child_done(*me.of);
    outer.drop_reference();
    return true;
}

void gathering::child_done(future_core& of) noexcept {
    ++finished_;
    auto& outer = *outer_;
    if (outer.done()) {
        of.clear(future_core::log_exception); // nobody will ask for it here
        return;
    }
    if (!keeps_exceptions_ && of.now != state::finished) {
        fail(error_of(of));
        return;
    }
    if (finished_ < subscribed_) return;
    if (cancel_requested_) {
        for (auto const& each : children()) { // asyncio has collected the results before it looks
            each.core()->clear(future_core::log_exception);
        }
        fail(of.now == state::cancelled ? error_of(of)
                                        : std::make_exception_ptr(cancelled_error()));
        return;
    }
    try {
        set_results();
    } catch (...) { // copying a result threw
        fail(std::current_exception());
        return;
    }
    outer.schedule_callbacks();
}

void gathering::fail(std::exception_ptr error) noexcept {
    outer_->failure = std::move(error);
    outer_->now = state::failed;
    outer_->set(future_core::log_exception);
    outer_->schedule_callbacks();
}

bool gathering::begin_cancel(way back) noexcept {
    if (children().empty()) return false;
    back_ = back;
    cancelling_ = true;
    any_cancelled_ = false;
    next_to_cancel_ = 0;
    return true;
}

bool gathering::next_to_cancel(bool answer) noexcept {
    any_cancelled_ = any_cancelled_ || answer;
    return ++next_to_cancel_ < children().size();
}

bool gathering::end_cancel() noexcept {
    cancelling_ = false;
    cancel_requested_ = cancel_requested_ || any_cancelled_;
    return any_cancelled_;
}

std::exception_ptr error_of(future_core& core) {
    core.clear(future_core::log_exception);
    if (core.now == state::finished) return nullptr;
    if (core.error() != nullptr) return core.error();
    try {
        core.throw_no_result();
    } catch (...) {
        return std::current_exception();
    }
}

// Of classes without virtual bases each compiler that we have knows offsets.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
gathering::layout gathering::layout_of_members() noexcept {
    return {offsetof(child, owner), offsetof(gathering, outer_), &child::react_to};
}
#pragma GCC diagnostic pop

} // namespace siding::detail
