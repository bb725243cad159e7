// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <memory>
#include <stdexcept>

using namespace siding_test;

namespace {

class gather : public clean_test {};
class task_group : public clean_test {};
class waiting : public clean_test {};
class timeout : public clean_test {};
class shield : public clean_test {};

siding::coroutine<int> after(siding::duration delay, int value) {
    co_await siding::sleep(delay);
    co_return value;
}

siding::coroutine<int> fail_after(siding::duration delay, std::string message) {
    co_await siding::sleep(delay);
    throw std::runtime_error(message);
}

siding::coroutine<> noting(trace& t, std::string name, siding::duration length) {
    try {
        co_await siding::sleep(length);
        t(name, " ends at ", now_ms());
    } catch (siding::cancelled_error const&) {
        t(name, " cancelled at ", now_ms());
        throw;
    }
}

siding::coroutine<> in_argument_order() {
    auto const [a, b, c] = co_await siding::gather(after(3s, 1), after(1s, 2), after(2s, 3));
    EXPECT_EQ(a * 100 + b * 10 + c, 123);
    EXPECT_EQ(now_ms(), 3000);
    std::vector<siding::coroutine<int>> many;
    for (int i = 0; i < 5; ++i) {
        many.push_back(after(std::chrono::seconds(5 - i), i));
    }
    auto const results = co_await siding::gather(std::move(many));
    EXPECT_EQ(results, (std::vector{0, 1, 2, 3, 4}));
    auto const none = co_await siding::gather(std::vector<siding::task<int>>{});
    EXPECT_TRUE(none.empty());
    auto const twice = siding::create_task(after(1s, 4));
    auto const [x, y] = co_await siding::gather(twice, twice);
    EXPECT_EQ(x + y, 8);
}

TEST_F(gather, gives_results_in_the_order_of_the_arguments) { run_virtually(in_argument_order()); }

siding::coroutine<> first_error(trace& t) {
    try {
        co_await siding::gather(noting(t, "other", 3s), fail_after(1s, "a"), fail_after(2s, "b"));
    } catch (std::runtime_error const& error) {
        t(error.what(), " at ", now_ms());
    }
    co_await siding::sleep(5s);
}

TEST_F(gather, passes_the_first_exception_on_and_lets_the_others_run) {
    trace t;
    run_virtually(first_error(t));
    EXPECT_EQ(t.lines(), (lines{"a at 1000", "other ends at 3000"}));
}

siding::coroutine<> keep_all() {
    auto const [a, b] =
        co_await siding::gather(siding::return_exceptions, fail_after(1s, "a"), after(2s, 7));
    EXPECT_FALSE(a.has_value());
    EXPECT_THROW(static_cast<void>(a.value()), std::runtime_error);
    EXPECT_EQ(b.value(), 7);
}

TEST_F(gather, keeps_exceptions_if_asked_to) { run_virtually(keep_all()); }

siding::coroutine<> gather_two(trace& t) {
    co_await siding::gather(siding::return_exceptions, noting(t, "a", 1h), noting(t, "b", 1h));
}

siding::coroutine<> cancel_gather(trace& t) {
    auto const x = siding::create_task(gather_two(t));
    co_await siding::sleep(1s);
    x.cancel();
    try {
        co_await x;
    } catch (siding::cancelled_error const&) {
        t("gather cancelled");
    }
}

TEST_F(gather, cancels_all_children_when_it_is_cancelled) {
    trace t;
    run_virtually(cancel_gather(t));
    EXPECT_EQ(t.lines(), (lines{"a cancelled at 1000", "b cancelled at 1000", "gather cancelled"}));
}

siding::coroutine<> group_ok(trace& t) {
    auto const body = [&t](siding::task_group& group) -> siding::coroutine<int> {
        group.create_task(noting(t, "a", 2s));
        group.create_task(noting(t, "b", 1s));
        t("body ends");
        co_return 3;
    };
    auto const value = co_await siding::task_group::run(body);
    t("group ends with ", value, " at ", now_ms());
}

TEST_F(task_group, waits_for_all_its_tasks) {
    trace t;
    run_virtually(group_ok(t));
    EXPECT_EQ(t.lines(), (lines{"body ends", "b ends at 1000", "a ends at 2000",
                                "group ends with 3 at 2000"}));
}

siding::coroutine<> group_fails(trace& t) {
    auto const body = [&t](siding::task_group& group) -> siding::coroutine<> {
        group.create_task(noting(t, "a", 1h));
        group.create_task(fail_after(1s, "broken"));
        co_await noting(t, "body", 1h);
    };
    try {
        co_await siding::task_group::run(body);
    } catch (siding::exception_group const& errors) {
        t(errors.what());
        EXPECT_EQ(errors.exceptions().size(), 1u);
    }
    t("cancelling ", siding::current_task().cancelling());
}

TEST_F(task_group, cancels_the_others_and_the_body_at_the_first_error) {
    trace t;
    run_virtually(group_fails(t));
    EXPECT_EQ(t.lines(),
              (lines{"a cancelled at 1000", "body cancelled at 1000",
                     "unhandled errors in a TaskGroup (1 sub-exception)", "cancelling 0"}));
}

siding::coroutine<> group_cancelled(trace& t) {
    auto const outer = [](trace& to) -> siding::coroutine<> {
        auto const body = [&to](siding::task_group& group) -> siding::coroutine<> {
            group.create_task(noting(to, "child", 1h));
            co_return;
        };
        co_await siding::task_group::run(body);
    };
    auto const x = siding::create_task(outer(t));
    co_await siding::sleep(1s);
    x.cancel();
    std::vector const all{x};
    co_await siding::wait(all);
    t("outer cancelled ", x.cancelled());
}

TEST_F(task_group, passes_a_cancellation_on_when_its_tasks_have_ended) {
    trace t;
    run_virtually(group_cancelled(t));
    EXPECT_EQ(t.lines(), (lines{"child cancelled at 1000", "outer cancelled 1"}));
}

siding::coroutine<> wait_first() {
    std::vector<siding::task<int>> tasks;
    tasks.push_back(siding::create_task(after(2s, 1)));
    tasks.push_back(siding::create_task(after(1s, 2)));
    tasks.push_back(siding::create_task(after(3s, 3)));
    auto const first = co_await siding::wait(tasks, siding::FIRST_COMPLETED);
    EXPECT_EQ(first.done.size(), 1u);
    EXPECT_EQ(first.done[0], tasks[1]);
    EXPECT_EQ(first.pending.size(), 2u);
    auto const timed = co_await siding::wait(tasks, 1500ms);
    EXPECT_EQ(timed.done.size(), 2u);
    EXPECT_EQ(now_ms(), 2500);
    auto const all = co_await siding::wait(tasks);
    EXPECT_EQ(all.done.size(), 3u);
    std::vector<siding::task<int>> doubled(tasks.begin(), tasks.end());
    doubled.insert(doubled.end(), tasks.rbegin(), tasks.rend());
    auto const once = co_await siding::wait(doubled);
    EXPECT_EQ(once.done, tasks) << "in order";
    EXPECT_THROW(static_cast<void>(siding::wait(std::vector<siding::task<>>{})),
                 siding::value_error);
}

TEST_F(waiting, for_some_of_several) { run_virtually(wait_first()); }

siding::coroutine<> in_order_of_completion(trace& t) {
    std::vector<siding::coroutine<int>> all;
    all.push_back(after(2s, 1));
    all.push_back(after(1s, 2));
    all.push_back(after(9s, 3));
    for (auto next : siding::as_completed(std::move(all), 5s)) {
        try {
            auto const value = co_await std::move(next);
            t(value, " at ", now_ms());
        } catch (siding::timeout_error const&) {
            t("timeout at ", now_ms());
        }
    }
}

siding::coroutine<> take_originals(trace& t) {
    auto const slow = siding::create_task(after(2s, 2));
    auto const failing = siding::create_task(fail_after(1s, "broken"));
    auto order = siding::as_completed(std::vector{slow, failing}, 3s);
    auto const first = co_await order.next_future();
    t(first == failing, ' ', first.done(), ' ', now_ms());
    EXPECT_THROW(static_cast<void>(first.result()), std::runtime_error);
    auto const second = co_await order.next_future();
    t(second == slow, ' ', second.result(), ' ', now_ms());
    EXPECT_THROW(static_cast<void>(order.next_future()), std::out_of_range);
    auto const endless = siding::create_task(after(1h, 3));
    auto limited = siding::as_completed(std::vector{endless}, 1s);
    try {
        static_cast<void>(co_await limited.next_future());
    } catch (siding::timeout_error const&) {
        t("timed out ", now_ms(), ' ', endless.done());
    }
}

TEST_F(waiting, as_completed_gives_the_originals_back) {
    trace t;
    run_virtually(take_originals(t));
    EXPECT_EQ(t.lines(), (lines{"1 1 1000", "1 2 2000", "timed out 3000 0"}));
}

TEST_F(waiting, as_completed_hands_out_results_as_they_come) {
    trace t;
    run_virtually(in_order_of_completion(t));
    EXPECT_EQ(t.lines(), (lines{"2 at 1000", "1 at 2000", "timeout at 5000"}));
}

siding::coroutine<> wait_for_it(trace& t) {
    auto const in_time = co_await siding::wait_for(after(1s, 7), 2s);
    t(in_time);
    try {
        co_await siding::wait_for(noting(t, "slow", 1h), 2s);
    } catch (siding::timeout_error const&) {
        t("timeout at ", now_ms());
    }
    try {
        co_await siding::wait_for(after(1s, 1), 0s);
    } catch (siding::timeout_error const&) {
        t("at once");
    }
}

TEST_F(timeout, wait_for_cancels_and_waits) {
    trace t;
    run_virtually(wait_for_it(t));
    EXPECT_EQ(t.lines(), (lines{"7", "slow cancelled at 3000", "timeout at 3000", "at once"}));
}

siding::coroutine<> scopes(trace& t) {
    auto const rescheduled = [&t](siding::timeout_scope& scope) -> siding::coroutine<> {
        scope.reschedule(siding::get_running_loop().time() + 5s);
        co_await noting(t, "longer", 3s);
    };
    co_await siding::timeout(1s, rescheduled);
    try {
        co_await siding::timeout(1s, noting(t, "limited", 1h));
    } catch (siding::timeout_error const&) {
        t("timeout at ", now_ms(), " cancelling ", siding::current_task().cancelling());
    }
    auto const nested = [&t](siding::timeout_scope&) -> siding::coroutine<> {
        co_await siding::timeout(9s, noting(t, "inner", 1h));
    };
    try {
        co_await siding::timeout(1s, nested);
    } catch (siding::timeout_error const&) {
        t("outer timeout at ", now_ms());
    }
}

TEST_F(timeout, scopes_reschedule_and_nest) {
    trace t;
    run_virtually(scopes(t));
    EXPECT_EQ(t.lines(), (lines{"longer ends at 3000", "limited cancelled at 4000",
                                "timeout at 4000 cancelling 0", "inner cancelled at 5000",
                                "outer timeout at 5000"}));
}

siding::coroutine<> cancelled_from_outside(trace& t) {
    auto const limited = [](trace& to) -> siding::coroutine<> {
        co_await siding::timeout(1h, noting(to, "piece", 2h));
    };
    auto const x = siding::create_task(limited(t));
    co_await siding::sleep(1s);
    x.cancel();
    std::vector const all{x};
    co_await siding::wait(all);
    t("cancelled ", x.cancelled());
}

TEST_F(timeout, leaves_the_cancellation_of_others_alone) {
    trace t;
    run_virtually(cancelled_from_outside(t));
    EXPECT_EQ(t.lines(), (lines{"piece cancelled at 1000", "cancelled 1"}));
}

siding::coroutine<> shielded(trace& t) {
    auto const inner = siding::create_task(noting(t, "inner", 5s));
    auto const waits = [](siding::task<> of) -> siding::coroutine<> {
        co_await siding::shield(of);
    };
    auto const outer = siding::create_task(waits(inner));
    co_await siding::sleep(1s);
    outer.cancel();
    std::vector const all{outer};
    co_await siding::wait(all);
    t("outer cancelled ", outer.cancelled(), " inner ", inner.cancelled());
    co_await inner;
}

TEST_F(shield, keeps_a_cancellation_from_what_it_shields) {
    trace t;
    run_virtually(shielded(t));
    EXPECT_EQ(t.lines(), (lines{"outer cancelled 1 inner 0", "inner ends at 5000"}));
}

} // namespace
