// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <memory>
#include <stdexcept>

using namespace siding_test;

namespace {

class task : public clean_test {};
class cancellation : public clean_test {};
class future : public clean_test {};

siding::coroutine<int> answer(int x) { co_return x; }

siding::coroutine<> sleep_long(trace& t, std::string name) {
    try {
        co_await siding::sleep(1h);
        t(name, " slept");
    } catch (siding::cancelled_error const& error) {
        t(name, " cancelled ", error.message());
        throw;
    }
}

siding::coroutine<> states() {
    auto const t = siding::create_task(answer(7));
    EXPECT_FALSE(t.done());
    EXPECT_THROW(static_cast<void>(t.result()), siding::invalid_state_error);
    EXPECT_THROW(static_cast<void>(t.exception()), siding::invalid_state_error);
    EXPECT_EQ(siding::all_tasks().size(), 2u);
    EXPECT_EQ(siding::current_task().get_name(), "Task-1");
    EXPECT_EQ(t.get_name(), "Task-2");
    t.set_name("seven");
    EXPECT_EQ(t.get_name(), "seven");
    auto const first = co_await t;
    auto const second = co_await t;
    EXPECT_EQ(first + second, 14);
    EXPECT_TRUE(t.done());
    EXPECT_FALSE(t.cancelled());
    EXPECT_FALSE(t.cancel());
    EXPECT_EQ(t.exception(), nullptr);
    EXPECT_THROW(t.set_result(1), siding::runtime_error);
    auto const named = siding::create_task(answer(1), "named");
    EXPECT_EQ(named.get_name(), "named");
    co_await named;
}

TEST_F(task, has_states_and_a_name_and_can_be_awaited_many_times) { siding::run(states()); }

siding::coroutine<> itself(siding::task<>& me, bool& threw) {
    try {
        co_await me;
    } catch (siding::runtime_error const&) {
        threw = true;
    }
}

siding::coroutine<> await_itself(bool& threw) {
    siding::task<> t;
    t = siding::create_task(itself(t, threw));
    co_await siding::sleep(1ms);
}

TEST_F(task, that_awaits_itself_is_an_error) {
    bool threw = false;
    run_virtually(await_itself(threw));
    EXPECT_TRUE(threw);
}

siding::coroutine<> fail() {
    throw std::runtime_error("lost");
    co_return;
}

siding::coroutine<> lose_an_exception(lines& reported) {
    siding::get_running_loop().set_exception_handler(
        [&reported](siding::loop&, siding::exception_context const& context) {
            reported.push_back(context.message);
        });
    siding::create_task(fail());
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
}

TEST_F(task, exception_that_nobody_retrieves_goes_to_the_handler_once) {
    lines reported;
    run_virtually(lose_an_exception(reported));
    EXPECT_EQ(reported, lines{"Task exception was never retrieved"});
}

siding::coroutine<> callbacks(trace& t) {
    auto const x = siding::create_task(answer(1));
    x.add_done_callback([&](siding::any_future const& f) { t("first ", f == x); });
    auto const removed = x.add_done_callback([&](siding::any_future const&) { t("removed"); });
    x.add_done_callback([&](siding::any_future const&) { t("second"); });
    EXPECT_TRUE(x.remove_done_callback(removed));
    EXPECT_FALSE(x.remove_done_callback(removed));
    t("before");
    co_await x;
    t("awaited");
    x.add_done_callback([&](siding::any_future const&) { t("late, but not inline"); });
    t("added");
    co_await siding::sleep(0s);
}

TEST_F(task, done_callbacks_run_in_order_through_the_loop) {
    trace t;
    run_virtually(callbacks(t));
    EXPECT_EQ(t.lines(),
              (lines{"before", "first 1", "second", "awaited", "added", "late, but not inline"}));
}

siding::coroutine<> before_start(trace& t) {
    auto const x = siding::create_task(sleep_long(t, "x"));
    EXPECT_TRUE(x.cancel());
    EXPECT_FALSE(x.cancelled());
    EXPECT_EQ(x.cancelling(), 1u);
    try {
        co_await x;
    } catch (siding::cancelled_error const&) {
        t("seen");
    }
    EXPECT_TRUE(x.cancelled());
}

TEST_F(cancellation, before_the_start_never_runs_the_body) {
    trace t;
    run_virtually(before_start(t));
    EXPECT_EQ(t.lines(), lines{"seen"});
}

siding::coroutine<> while_waiting(trace& t) {
    auto const x = siding::create_task(sleep_long(t, "x"));
    co_await siding::sleep(1s);
    x.cancel("enough");
    t("requested");
    try {
        co_await x;
    } catch (siding::cancelled_error const& error) {
        t("seen ", error.message(), " at ", now_ms());
    }
    EXPECT_EQ(siding::get_running_loop().pending_timers(), 0u);
}

TEST_F(cancellation, is_thrown_at_the_await_in_the_next_turn) {
    trace t;
    run_virtually(while_waiting(t));
    EXPECT_EQ(t.lines(), (lines{"requested", "x cancelled enough", "seen enough at 1000"}));
}

siding::coroutine<int> swallow(trace& t) {
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        t("swallowed");
    }
    co_await siding::sleep(1s);
    co_return 5;
}

siding::coroutine<> swallowed(trace& t) {
    auto const x = siding::create_task(swallow(t));
    co_await siding::sleep(0s);
    x.cancel();
    auto const value = co_await x;
    t(value, " ", x.cancelled(), " ", x.cancelling());
    EXPECT_EQ(x.uncancel(), 0u);
}

TEST_F(cancellation, may_be_swallowed) {
    trace t;
    run_virtually(swallowed(t));
    EXPECT_EQ(t.lines(), (lines{"swallowed", "5 0 1"}));
}

siding::coroutine<> ready_but_cancelled(trace& t) {
    auto const f = siding::get_running_loop().create_future<int>();
    auto const waits = [](siding::future<int> of, trace& to) -> siding::coroutine<> {
        try {
            auto const value = co_await of;
            to("value ", value);
        } catch (siding::cancelled_error const&) {
            to("cancelled");
        }
    };
    auto const x = siding::create_task(waits(f, t));
    co_await siding::sleep(0s);
    f.set_result(1);
    x.cancel(); // it is in the ready queue with its result
    co_await x;
}

TEST_F(cancellation, hits_a_task_that_is_ready_and_has_not_run) {
    trace t;
    run_virtually(ready_but_cancelled(t));
    EXPECT_EQ(t.lines(), lines{"cancelled"});
}

siding::coroutine<> cancel_self(trace& t) {
    siding::current_task().cancel();
    t("still running");
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        t("at the next await");
    }
    siding::current_task().cancel();
}

siding::coroutine<> run_cancel_self(trace& t) {
    auto const x = siding::create_task(cancel_self(t));
    co_await siding::sleep(1s);
    t("cancelled ", x.cancelled());
}

TEST_F(cancellation, of_oneself_comes_at_the_next_await_or_at_the_end) {
    trace t;
    run_virtually(run_cancel_self(t));
    EXPECT_EQ(t.lines(), (lines{"still running", "at the next await", "cancelled 1"}));
}

siding::coroutine<> await_inner(trace& t) {
    auto const inner = siding::create_task(sleep_long(t, "inner"));
    try {
        co_await inner;
    } catch (siding::cancelled_error const&) {
        t("outer, inner cancelled: ", inner.cancelled());
        throw;
    }
}

siding::coroutine<> forwarded(trace& t) {
    auto const x = siding::create_task(await_inner(t));
    co_await siding::sleep(1s);
    x.cancel();
    co_await siding::sleep(1s);
}

TEST_F(cancellation, is_forwarded_to_the_task_that_is_awaited) {
    trace t;
    run_virtually(forwarded(t));
    EXPECT_EQ(t.lines(), (lines{"inner cancelled ", "outer, inner cancelled: 1"}));
}

siding::coroutine<> set_twice() {
    auto const f = siding::get_running_loop().create_future<int>();
    f.set_result(1);
    EXPECT_THROW(f.set_result(2), siding::invalid_state_error);
    EXPECT_FALSE(f.cancel());
    auto const value = co_await f;
    EXPECT_EQ(value, 1);
    auto const failed = siding::get_running_loop().create_future();
    failed.set_exception(std::runtime_error("x"));
    EXPECT_THROW(failed.result(), std::runtime_error);
    auto const cancelled = siding::get_running_loop().create_future();
    EXPECT_TRUE(cancelled.cancel("why"));
    EXPECT_TRUE(cancelled.cancelled());
    EXPECT_THROW(cancelled.result(), siding::cancelled_error);
}

TEST_F(future, can_be_set_once) { siding::run(set_twice()); }

siding::coroutine<> wait_in_line(siding::future<int> f, trace& t, char name) {
    auto const value = co_await f;
    t(name, value);
}

siding::coroutine<> many_wait(trace& t) {
    auto const f = siding::get_running_loop().create_future<int>();
    auto const a = siding::create_task(wait_in_line(f, t, 'a'));
    auto const b = siding::create_task(wait_in_line(f, t, 'b'));
    co_await siding::sleep(0s);
    f.set_result(1);
    t("set");
    co_await siding::gather(a, b);
}

TEST_F(future, wakes_all_who_wait_in_order_and_not_inline) {
    trace t;
    run_virtually(many_wait(t));
    EXPECT_EQ(t.lines(), (lines{"set", "a1", "b1"}));
}

} // namespace
