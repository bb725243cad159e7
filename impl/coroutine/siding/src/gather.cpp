// SPDX-License-Identifier: MIT
#include "siding/gather.hpp"

namespace siding::detail {

void gathering::expect(plain_core& outer, std::size_t most) {
    outer_ = &outer;
    children_.reserve(most);
    subscriptions_ = std::make_unique<std::byte[]>(most * sizeof(child));
}

void gathering::add(any_future added) {
    auto& core = *added.core();
    children_.push_back(std::move(added));
    // A task that only we and the loop hold was made for this argument: it cannot come twice.
    if (core.references > 2 && !seen_.insert(&core).second) return;
    auto* const place = subscriptions_.get() + subscribed_++ * sizeof(child);
    auto& one = *::new (place) child(*this, core);
    if (core.done()) {
        loop::of_this_thread()->schedule(one);
    } else {
        core.callbacks.push_back(one);
    }
    outer_->add_reference(); // until its callback has run
}

void gathering::all_added() {
    seen_.clear();
    if (subscribed_ != 0) return;
    set_results();
    outer_->schedule_callbacks();
}

bool gathering::child::react_to(waiter& self, signal what) noexcept {
    auto& me = static_cast<child&>(self);
    auto& outer = *me.owner->outer_;
    if (what == signal::done) return true;
    if (what == signal::run) me.owner->child_done(*me.of);
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
        for (auto const& each : children_) { // asyncio has collected the results before it looks
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

bool gathering::cancel(std::string_view message) {
    if (outer_->done()) return false;
    bool any = false;
    for (auto const& each : children_) {
        any = each.cancel(message) || any;
    }
    cancel_requested_ = cancel_requested_ || any;
    return any;
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

} // namespace siding::detail
