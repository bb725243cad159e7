// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <memory>
#include <stdexcept>
#include <string>

using namespace siding_test;

namespace {

class coroutine : public clean_test {};

siding::coroutine<int> value(int x) { co_return x; }

siding::coroutine<> note(trace& t, std::string line) {
    t(line);
    co_return;
}

TEST_F(coroutine, is_lazy) {
    trace t;
    auto c = note(t, "body");
    EXPECT_TRUE(t.lines().empty());
    siding::run(std::move(c));
    EXPECT_EQ(t.lines(), lines{"body"});
}

TEST_F(coroutine, that_is_never_awaited_never_runs_and_frees_its_arguments) {
    trace t;
    auto alive = std::make_shared<int>(1);
    auto const holds = [](trace& to, std::shared_ptr<int>) -> siding::coroutine<> {
        to("body");
        co_return;
    };
    {
        auto const dropped = holds(t, alive);
        EXPECT_EQ(alive.use_count(), 2);
    }
    EXPECT_EQ(alive.use_count(), 1);
    EXPECT_TRUE(t.lines().empty());
}

std::size_t dropped = 0;
void count_dropped(void const*) noexcept { ++dropped; }

TEST_F(coroutine, that_is_never_awaited_is_told_to_a_handler_once) {
    trace t;
    ASSERT_EQ(siding::set_never_awaited_handler(&count_dropped), nullptr);
    dropped = 0;
    { auto const never = note(t, "never"); }
    {
        auto moved = note(t, "moved");
        auto const to = std::move(moved);
    }
    EXPECT_EQ(dropped, 2u);
    siding::run(note(t, "awaited"));
    auto const main = [](trace& to) -> siding::coroutine<> {
        co_await note(to, "in place");
        auto const cancelled = siding::create_task(note(to, "a task, even if it never begins"));
        cancelled.cancel();
        co_await siding::gather(siding::return_exceptions, cancelled);
    };
    siding::run(main(t));
    EXPECT_EQ(dropped, 2u);
    EXPECT_EQ(siding::set_never_awaited_handler(nullptr), &count_dropped);
    { auto const unseen = note(t, "unseen"); }
    EXPECT_EQ(dropped, 2u);
}

siding::coroutine<> forget_to_await(trace& t, lines& reported) {
    siding::get_running_loop().set_exception_handler(
        [&reported](siding::loop&, siding::exception_context const& context) {
            reported.push_back(context.message.substr(0, 31));
        });
    static_cast<void>(note(t, "never"));
    co_return;
}

TEST_F(coroutine, that_is_never_awaited_is_reported_as_asyncio_does) {
    trace t;
    lines reported;
    siding::set_never_awaited_handler(&siding::report_never_awaited);
    siding::run(forget_to_await(t, reported));
    siding::set_never_awaited_handler(nullptr);
    EXPECT_EQ(reported, lines{"coroutine was never awaited (it"});
    EXPECT_TRUE(t.lines().empty());
}

siding::coroutine<> await_twice(bool& threw) {
    auto c = value(1);
    co_await std::move(c);
    try {
        co_await std::move(c);
    } catch (siding::runtime_error const&) {
        threw = true;
    }
}

TEST_F(coroutine, awaited_twice_is_an_error) {
    bool threw = false;
    siding::run(await_twice(threw));
    EXPECT_TRUE(threw);
}

siding::coroutine<> fetch(trace& t, std::string name, siding::duration length) {
    t(now_ms(), " ", name, " starts");
    co_await siding::sleep(length);
    t(now_ms(), " ", name, " ends");
}

siding::coroutine<> one_after_another(trace& t) {
    auto a = fetch(t, "a", 2s);
    auto b = fetch(t, "b", 3s);
    co_await std::move(a);
    co_await std::move(b);
}

TEST_F(coroutine, objects_awaited_in_turn_do_not_overlap) {
    trace t;
    run_virtually(one_after_another(t));
    EXPECT_EQ(t.lines(), (lines{"0 a starts", "2000 a ends", "2000 b starts", "5000 b ends"}));
}

siding::coroutine<> as_tasks(trace& t) {
    auto a = siding::create_task(fetch(t, "a", 2s));
    auto b = siding::create_task(fetch(t, "b", 3s));
    t("parent goes on");
    co_await a;
    co_await b;
}

TEST_F(coroutine, tasks_overlap_and_start_at_the_first_suspension_of_the_parent) {
    trace t;
    run_virtually(as_tasks(t));
    EXPECT_EQ(t.lines(),
              (lines{"parent goes on", "0 a starts", "0 b starts", "2000 a ends", "3000 b ends"}));
}

siding::coroutine<long> add_up(long times) {
    long sum = 0;
    for (long i = 0; i < times; ++i) {
        auto const one = co_await value(1);
        sum += one;
    }
    co_return sum;
}

TEST_F(coroutine, a_million_awaits_in_a_row_do_not_grow_the_stack) {
    EXPECT_EQ(siding::run(add_up(1'000'000)), 1'000'000);
}

siding::coroutine<int> nest(int depth) {
    if (depth == 0) co_return 0;
    auto const below = co_await nest(depth - 1);
    co_return below + 1;
}

TEST_F(coroutine, a_hundred_thousand_nested_awaits_do_not_grow_the_stack) {
    EXPECT_EQ(siding::run(nest(100'000)), 100'000);
}

siding::coroutine<> fail(std::string message) {
    throw std::runtime_error(message);
    co_return;
}

siding::coroutine<std::string> catch_one() {
    std::string caught;
    try {
        co_await fail("broken");
    } catch (std::runtime_error const& error) {
        caught = error.what();
    }
    co_return caught;
}

TEST_F(coroutine, exceptions_come_out_of_the_await) {
    EXPECT_EQ(siding::run(catch_one()), "broken");
    EXPECT_THROW(siding::run(fail("x")), std::runtime_error);
}

siding::coroutine<std::unique_ptr<int>> make_unique() { co_return std::make_unique<int>(7); }

siding::coroutine<int> use_unique() {
    auto const direct = co_await make_unique();
    auto const by_task = co_await siding::create_task(make_unique());
    co_return *direct + *by_task;
}

TEST_F(coroutine, results_may_be_move_only) { EXPECT_EQ(siding::run(use_unique()), 14); }

siding::coroutine<> run_inside() {
    siding::run(value(1));
    co_return;
}

TEST_F(coroutine, run_inside_a_loop_is_an_error) {
    EXPECT_THROW(siding::run(run_inside()), siding::runtime_error);
}

siding::coroutine<> leave_one_behind(trace& t) {
    auto const linger = [](trace& to) -> siding::coroutine<> {
        try {
            co_await siding::sleep(1h);
        } catch (siding::cancelled_error const&) {
            to("cancelled");
        }
        co_await siding::sleep(1ms);
        to("cleaned up");
    };
    siding::create_task(linger(t));
    co_await siding::sleep(1ms);
    t("main ends");
}

TEST_F(coroutine, run_cancels_what_is_left_and_waits_for_it) {
    trace t;
    run_virtually(leave_one_behind(t));
    EXPECT_EQ(t.lines(), (lines{"main ends", "cancelled", "cleaned up"}));
}

siding::coroutine<> turns(trace& t, char name, int times) {
    for (int i = 0; i < times; ++i) {
        t(name, i);
        co_await siding::sleep(0s);
    }
}

siding::coroutine<> interleave(trace& t) {
    co_await siding::gather(turns(t, 'a', 3), turns(t, 'b', 2));
}

TEST_F(coroutine, sleep_zero_is_one_trip_to_the_end_of_the_queue) {
    trace t;
    run_virtually(interleave(t));
    EXPECT_EQ(t.lines(), (lines{"a0", "b0", "a1", "b1", "a2"}));
}

} // namespace
