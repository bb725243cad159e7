// SPDX-License-Identifier: MIT
#include "support.hpp"

#include "siding/async_generator.hpp"
#include "siding/generator.hpp"

#include <memory>
#include <stdexcept>

using namespace siding_test;

namespace {

class generators : public clean_test {};

siding::generator<int> count_to(int last, trace& t) {
    struct farewell {
        explicit farewell(trace& to) noexcept : saw(to) {}
        farewell(farewell const&) = delete;
        farewell& operator=(farewell const&) = delete;
        ~farewell() { saw("destroyed"); }
        trace& saw;
    } const at_the_end(t);
    for (int i = 1; i <= last; ++i) {
        co_yield i;
        t("behind ", i);
    }
}

TEST_F(generators, make_what_is_asked_for_and_no_more) {
    trace t;
    for (int const i : count_to(2, t)) {
        t(i);
    }
    for (int const i : count_to(9, t)) {
        if (i == 2) break;
        t(i);
    }
    EXPECT_EQ(t.lines(),
              (lines{"1", "behind 1", "2", "behind 2", "destroyed", "1", "behind 1", "destroyed"}));
}

siding::generator<std::unique_ptr<int>> one_and_a_failure() {
    co_yield std::make_unique<int>(7);
    throw std::runtime_error("no more");
}

TEST_F(generators, yield_what_is_move_only_and_pass_exceptions_on) {
    auto made = one_and_a_failure();
    auto position = made.begin();
    auto const taken = std::move(*position);
    EXPECT_EQ(*taken, 7);
    EXPECT_THROW(++position, std::runtime_error);
    EXPECT_TRUE(position == made.end());
}

siding::async_generator<int> tick(int most, trace& t) {
    for (int i = 0; i < most; ++i) {
        try {
            co_await siding::sleep(1s);
        } catch (siding::cancelled_error const&) {
            t("cancelled in the body at ", now_ms());
            throw;
        }
        co_yield i;
    }
}

siding::coroutine<> iterate(trace& t) {
    auto ticks = tick(2, t);
    for (auto each = co_await ticks.next(); each; each = co_await ticks.next()) {
        t(*each, " at ", now_ms());
    }
    auto const behind = co_await ticks.next();
    EXPECT_FALSE(behind.has_value());
    auto dropped = tick(2, t);
    auto const first = co_await dropped.next();
    t(*first, " at ", now_ms());
}

TEST_F(generators, await_in_the_task_that_asks) {
    trace t;
    run_virtually(iterate(t));
    EXPECT_EQ(t.lines(), (lines{"0 at 1000", "1 at 2000", "0 at 3000"}));
}

siding::coroutine<> ask(siding::async_generator<int>& from, trace& t, char name) {
    try {
        auto const got = co_await from.next();
        t(name, " got ", got ? std::to_string(*got) : "nothing");
    } catch (siding::runtime_error const& error) {
        t(name, ": ", error.what());
    }
}

siding::coroutine<> ask_twice_and_cancel(trace& t) {
    auto ticks = tick(3, t);
    auto const a = siding::create_task(ask(ticks, t, 'a'));
    auto const b = siding::create_task(ask(ticks, t, 'b'));
    co_await siding::gather(a, b);
    auto const c = siding::create_task(ask(ticks, t, 'c')); // another task goes on with it
    co_await siding::sleep(500ms);
    c.cancel();
    co_await siding::gather(siding::return_exceptions, c);
    EXPECT_TRUE(c.cancelled());
    co_await ask(ticks, t, 'd');
}

TEST_F(generators, have_one_who_asks_at_a_time_and_end_by_a_cancellation) {
    trace t;
    run_virtually(ask_twice_and_cancel(t));
    EXPECT_EQ(t.lines(), (lines{"b: anext(): asynchronous generator is already running", "a got 0",
                                "cancelled in the body at 1500", "d got nothing"}));
}

siding::async_generator<std::unique_ptr<int>> fail_at_second() {
    co_yield std::make_unique<int>(1);
    co_await siding::sleep(0s);
    throw std::runtime_error("broken");
}

siding::async_generator<int> nested(int depth) {
    if (depth > 0) {
        auto inner = nested(depth - 1);
        for (auto each = co_await inner.next(); each; each = co_await inner.next()) {
            co_yield *each + 1;
        }
    }
    co_yield 0;
}

siding::coroutine<> iterate_failing_and_nested(trace& t) {
    auto failing = fail_at_second();
    auto const first = co_await failing.next();
    t(**first);
    try {
        static_cast<void>(co_await failing.next());
    } catch (std::runtime_error const& error) {
        t(error.what());
    }
    auto const behind = co_await failing.next();
    t(behind.has_value());
    auto deep = nested(3);
    for (auto each = co_await deep.next(); each; each = co_await deep.next()) {
        t(*each);
    }
}

TEST_F(generators, pass_exceptions_on_and_nest) {
    trace t;
    run_virtually(iterate_failing_and_nested(t));
    EXPECT_EQ(t.lines(), (lines{"1", "broken", "0", "3", "2", "1", "0"}));
}

siding::coroutine<> drop_while_asked(trace& t) {
    auto ticks = std::make_unique<siding::async_generator<int>>(tick(3, t));
    auto const a = siding::create_task(ask(*ticks, t, 'a'));
    co_await siding::sleep(500ms);
    ticks.reset();
    co_await a;
    auto left = std::make_unique<siding::async_generator<int>>(tick(3, t));
    auto const b = siding::create_task(ask(*left, t, 'b'));
    co_await siding::sleep(500ms);
    left.reset();
    b.cancel();
    co_await siding::gather(siding::return_exceptions, b);
}

TEST_F(generators, that_are_dropped_end_behind_who_awaits_them) {
    trace t;
    run_virtually(drop_while_asked(t));
    EXPECT_EQ(t.lines(), (lines{"a got 0", "cancelled in the body at 1500"}));
}

} // namespace
