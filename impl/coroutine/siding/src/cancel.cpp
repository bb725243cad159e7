// SPDX-License-Identifier: MIT
// A cancellation on its way from who is cancelled to what that waits for, and so on.
#include "siding/detail/future_core.hpp"
#include "siding/future.hpp"
#include "siding/gather.hpp"

#include <limits>

namespace siding::detail {
namespace {

plain_core& plain(future_core& core) noexcept { return static_cast<plain_core&>(core); }
task_core& as_task(future_core& core) noexcept { return static_cast<task_core&>(core); }

gathering* as_gather(future_core& core) noexcept {
    if (core.has(future_core::is_task)) return nullptr;
    auto const find = plain(core).behaviour->gather;
    return find == nullptr ? nullptr : find(plain(core));
}

[[nodiscard]] bool is_suspended(task_core const& task) noexcept {
    return !task.has(future_core::is_scheduled) && task.waiting != nullptr;
}

/// The wait that passes the cancellation of its task on to a future or task; null: another kind.
[[nodiscard]] future_wait* forwarding_wait(task_core const& task) noexcept {
    if (!is_suspended(task) || task.waiting->react != &future_wait::react_to) return nullptr;
    return static_cast<future_wait*>(task.waiting);
}

/// Of a wait that closes a circle: await_resume throws.
bool circle_reaction(waiter& self, signal reason) noexcept {
    return reason == signal::detach && future_wait::react_to(self, reason);
}

/// Goes down from task to task, and from a gather to each of its children in turn, as asyncio's
/// `cancel` calls do, one inside the other. Here there is no recursion: a task that passes the
/// cancellation on is cancelled by what it awaits, whatever that answers later, unless that answers
/// no; and where a gather branches, the way back is kept in the gather.
class cancellation {
public:
    explicit cancellation(std::string_view message) noexcept : message_(message) {}

    /// What `cancel` of it returns: false if it was done.
    bool run(future_core& first) noexcept {
        begin_way(first);
        while (true) {
            bool answer = descend();
            if (at_ != nullptr) continue; // into the children of a gather
            answer = end_way(answer);
            while (gather_ != nullptr && !gather_->next_to_cancel(answer)) {
                answer = leave_gather();
                answer = end_way(answer);
            }
            if (gather_ == nullptr) return answer;
            begin_way(gather_->being_cancelled());
        }
    }

private:
    void begin_way(future_core& first) noexcept {
        start_ = at_ = &first;
        through_ = nullptr;
    }

    /// Follows the tasks that wait for each other to their end, and gives that one's answer. With
    /// `at_` still set it has come to a gather, whose first child is next.
    bool descend() noexcept {
        while (true) {
            auto& core = *std::exchange(at_, nullptr);
            if (!core.has(future_core::is_task)) return cancel_plain(core);
            auto& task = as_task(core);
            task.clear(future_core::log_exception);
            if (task.done()) return false;
            if (task.has(future_core::on_cancel_way)) return break_circle();
            count(task);
            auto* const wait = forwarding_wait(task);
            if (wait == nullptr) return cancel_here(task);
            task.set(future_core::on_cancel_way);
            through_ = &task;
            at_ = &wait->core;
        }
    }

    bool cancel_plain(future_core& core) noexcept {
        auto* const children = as_gather(core);
        if (children == nullptr) {
            auto const special = plain(core).behaviour->cancel;
            return special != nullptr ? special(plain(core), message_)
                                      : plain(core).cancel_plainly(message_);
        }
        if (core.done()) return false;
        if (children->is_being_cancelled()) return break_circle();
        if (!children->begin_cancel({gather_, start_, through_})) return false; // no children
        gather_ = children;
        begin_way(gather_->being_cancelled());
        return true;
    }

    void count(task_core& task) const noexcept {
        using number = decltype(task.cancel_requests);
        if (task.cancel_requests != std::numeric_limits<number>::max()) ++task.cancel_requests;
        // If its wait has been cancelled, and it has not resumed yet, it gets the first message.
        // While it runs, `waiting` is what it waited for before: gone.
        bool const is_cancelled = task.has(future_core::is_started) && running_task() != &task &&
                                  was_cancelled(*task.waiting);
        if (!is_cancelled) task.set_cancel_message(message_);
    }

    static void cancel_when_it_goes_on(task_core& task) noexcept {
        task.set(future_core::must_cancel);
        auto& home = *loop_core::of_this_thread();
        if (task.has(future_core::is_scheduled) && &task != home.current()) home.be_careful();
    }

    static bool cancel_here(task_core& task) noexcept {
        bool const ends_wait =
            is_suspended(task) && task.waiting->react(*task.waiting, signal::cancel);
        if (!ends_wait) cancel_when_it_goes_on(task);
        return true;
    }

    /// The way has come back to itself. The last task on it is not cancelled, which it could not
    /// be, but gets an error; and so the others do who await it.
    bool break_circle() noexcept {
        auto* last = through_;
        for (auto* outer = gather_; last == nullptr && outer != nullptr;
             outer = outer->way_back().gather) {
            last = outer->way_back().through;
        }
        if (last == nullptr || forwarding_wait(*last) == nullptr) return true;
        auto& wait = static_cast<future_wait&>(*last->waiting);
        if (wait.linked()) wait.core.callbacks.erase(wait);
        wait.react = &circle_reaction;
        detail::loop_core::of_this_thread()->wake(wait);
        return true;
    }

    /// The answer of the whole way, given that of its end.
    bool end_way(bool answer) noexcept {
        if (through_ == nullptr) return answer;
        if (!answer) cancel_when_it_goes_on(*through_);
        auto* core = start_;
        while (core->has(future_core::is_task) && core->has(future_core::on_cancel_way)) {
            core->clear(future_core::on_cancel_way);
            core = &static_cast<future_wait&>(*as_task(*core).waiting).core;
        }
        return true;
    }

    /// Goes back to where the gather was met; its own answer.
    bool leave_gather() noexcept {
        auto const back = gather_->way_back();
        bool const answer = gather_->end_cancel();
        gather_ = back.gather;
        start_ = back.start;
        through_ = back.through;
        return answer;
    }

    std::string_view message_;
    gathering* gather_ = nullptr;  ///< the innermost whose children are being cancelled
    future_core* start_ = nullptr; ///< of the way from there (or from the first) ...
    future_core* at_ = nullptr;    ///< ... to here: the next to look at
    task_core* through_ = nullptr; ///< the last task on that way that has passed it on
};

} // namespace

bool future_core::cancel(std::string_view message) noexcept {
    return cancellation(message).run(*this);
}

} // namespace siding::detail
