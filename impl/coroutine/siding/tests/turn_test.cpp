// SPDX-License-Identifier: MIT
// What is in the ready queue and is not to run as it entered it.
#include "support.hpp"

using namespace siding_test;

namespace {

class turn : public clean_test {};

siding::coroutine<> steps(trace& t, std::string name, int count) {
    try {
        for (int i = 1; i <= count; ++i) {
            t(name, i);
            co_await siding::yield();
        }
    } catch (siding::cancelled_error const&) {
        t(name, " cancelled");
    }
}

siding::coroutine<> cancel_the_second(trace& t) {
    auto const a = siding::create_task(steps(t, "a", 3));
    auto const b = siding::create_task(steps(t, "b", 3));
    auto const c = siding::create_task(steps(t, "c", 3));
    co_await siding::yield();
    b.cancel(); // it is in the ready queue, between the others
    t("asked");
    co_await a;
    co_await b;
    co_await c;
}

TEST_F(turn, a_task_that_is_ready_is_cancelled_where_it_stands_in_line) {
    trace t;
    siding::run(cancel_the_second(t));
    EXPECT_EQ(t.lines(), (std::vector<std::string>{"a1", "b1", "c1", "asked", "a2", "b cancelled",
                                                   "c2", "a3", "c3"}));
}

siding::coroutine<> cancels_itself(trace& t) {
    siding::current_task().cancel();
    try {
        co_await siding::yield();
        t("went on");
    } catch (siding::cancelled_error const&) {
        t("cancelled");
    }
}

TEST_F(turn, a_task_that_cancels_itself_is_cancelled_at_its_next_yield) {
    trace t;
    siding::run(cancels_itself(t));
    EXPECT_EQ(t.lines(), (std::vector<std::string>{"cancelled"}));
}

siding::coroutine<> nothing() { co_return; }

siding::coroutine<> end_before_the_limit_acts(trace& t) {
    auto body = [](siding::timeout_scope&) { return nothing(); };
    auto limited = siding::timeout_at(siding::time_point{}, body); // over: in the ready queue
    co_await std::move(limited);
    for (int i = 0; i < 3; ++i) {
        co_await siding::yield();
    }
    t("not cancelled");
}

TEST_F(turn, a_limit_that_is_over_does_nothing_once_its_piece_has_ended) {
    trace t;
    siding::run(end_before_the_limit_acts(t));
    EXPECT_EQ(t.lines(), (std::vector<std::string>{"not cancelled"}));
}

siding::coroutine<> leave_a_group_early() {
    {
        siding::task_group group;
        group.enter();
        group.create_task(nothing());
        co_await siding::yield(); // the task has ended; the group has not heard of it
    }
    co_await siding::yield();
}

TEST_F(turn, a_group_may_end_before_it_hears_of_its_tasks) { siding::run(leave_a_group_early()); }

} // namespace
