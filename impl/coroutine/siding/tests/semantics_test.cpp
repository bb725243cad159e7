// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <memory>
#include <stdexcept>

using namespace siding_test;

namespace {

/// What asyncio promises at the edges; the rest is in the tests of each part (docs/semantics.md).
class semantics : public clean_test {};

siding::coroutine<> sleep_and_note(trace& t, char name, siding::duration length) {
    auto const given = co_await siding::sleep(length, name);
    t(given, " at ", now_ms());
}

siding::coroutine<> sleeps(trace& t) {
    co_await siding::gather(sleep_and_note(t, 'c', 20ms), sleep_and_note(t, 'b', 10ms),
                            sleep_and_note(t, 'd', 20ms), sleep_and_note(t, 'a', -5ms));
}

TEST_F(semantics, sleeps_end_in_order_never_early_and_give_their_result_back) {
    trace t;
    run_virtually(sleeps(t));
    EXPECT_EQ(t.lines(), (lines{"a at 0", "b at 10", "c at 20", "d at 20"}));
    auto const real = []() -> siding::coroutine<> {
        auto& home = siding::get_running_loop();
        auto const before = home.time();
        co_await siding::sleep(3ms);
        EXPECT_GE(home.time() - before, 3ms);
    };
    siding::run(real());
}

siding::coroutine<int> value(int x) {
    co_await siding::sleep(1ms);
    co_return x;
}

siding::coroutine<> edges_of_gather() {
    std::vector<siding::task<int>> empty;
    auto const none = co_await siding::gather(empty);
    EXPECT_TRUE(none.empty());
    auto const once = siding::create_task(value(7));
    auto const [a, b] = co_await siding::gather(once, once);
    EXPECT_EQ(a + b, 14) << "a future that is given twice runs once";
    auto const child = siding::create_task(value(1));
    auto const all = siding::ensure_future(siding::gather(child, value(2)));
    co_await siding::sleep(0s);
    child.cancel();
    bool threw = false;
    try {
        co_await all;
    } catch (siding::cancelled_error const&) {
        threw = true;
    }
    EXPECT_TRUE(threw) << "a cancelled child is a cancelled_error of the gather";
    EXPECT_EQ(siding::current_task().cancelling(), 0u);
    co_await siding::sleep(2ms);
}

TEST_F(semantics, gather_of_none_of_one_twice_and_of_a_cancelled_child) {
    run_virtually(edges_of_gather());
}

siding::coroutine<> fail(siding::duration after, char const* message) {
    try {
        co_await siding::sleep(after);
    } catch (siding::cancelled_error const&) {
        throw std::runtime_error("while cancelled");
    }
    throw std::runtime_error(message);
}

siding::coroutine<> edges_of_groups() {
    siding::task_group* ended = nullptr;
    std::vector<std::string> errors;
    auto const body = [&ended](siding::task_group& group) -> siding::coroutine<> {
        ended = &group;
        group.create_task(fail(1ms, "first"));
        group.create_task(fail(1h, "never"));
        try {
            co_await siding::sleep(1h);
        } catch (siding::cancelled_error const&) {
            EXPECT_THROW(group.create_task(fail(1ms, "late")), siding::runtime_error);
        }
        throw std::runtime_error("body");
    };
    try {
        co_await siding::task_group::run(body);
    } catch (siding::exception_group const& group) {
        for (auto const& each : group.exceptions()) {
            try {
                std::rethrow_exception(each);
            } catch (std::runtime_error const& error) {
                errors.emplace_back(error.what());
            }
        }
    }
    EXPECT_EQ(errors, (lines{"first", "while cancelled", "body"}));
    EXPECT_EQ(siding::current_task().cancelling(), 0u);
    siding::task_group never_entered;
    EXPECT_THROW(never_entered.create_task(value(1)), siding::runtime_error);
    never_entered.enter();
    EXPECT_THROW(never_entered.enter(), siding::runtime_error);
    co_await never_entered.exit(nullptr);
    EXPECT_THROW(never_entered.create_task(value(1)), siding::runtime_error);
}

TEST_F(semantics, a_group_that_has_ended_takes_no_tasks_and_keeps_all_errors) {
    run_virtually(edges_of_groups());
}

siding::coroutine<> no_time() {
    int timeouts = 0;
    for (auto const limit : {0s, -1s}) {
        try {
            co_await siding::wait_for(value(1), limit);
        } catch (siding::timeout_error const&) {
            ++timeouts;
        }
        try {
            co_await siding::timeout(limit, value(1));
        } catch (siding::timeout_error const&) {
            ++timeouts;
        }
    }
    EXPECT_EQ(timeouts, 4);
    auto const unlimited = co_await siding::wait_for(value(5), std::nullopt);
    EXPECT_EQ(unlimited, 5);
    EXPECT_EQ(now_ms(), 1);
    EXPECT_EQ(siding::current_task().cancelling(), 0u);
}

TEST_F(semantics, no_time_at_all_is_up_at_once) { run_virtually(no_time()); }

siding::coroutine<> cancelled_inner() {
    auto const inner = siding::create_task(value(1));
    auto const outer = siding::shield(inner);
    co_await siding::sleep(0s);
    inner.cancel();
    bool threw = false;
    try {
        co_await outer;
    } catch (siding::cancelled_error const&) {
        threw = true;
    }
    EXPECT_TRUE(threw);
    EXPECT_TRUE(outer.cancelled());
}

TEST_F(semantics, a_cancelled_inner_task_cancels_its_shield) { run_virtually(cancelled_inner()); }

siding::coroutine<> release_too_often() {
    siding::lock l;
    co_await l.acquire();
    l.release();
    EXPECT_THROW(l.release(), siding::runtime_error);
    siding::bounded_semaphore s(1);
    co_await s.acquire();
    s.release();
    EXPECT_THROW(s.release(), siding::value_error);
    EXPECT_THROW(siding::semaphore(-1), siding::value_error);
    siding::condition c;
    EXPECT_THROW(c.notify(), siding::runtime_error);
    bool threw = false;
    try {
        co_await c.wait();
    } catch (siding::runtime_error const&) {
        threw = true;
    }
    EXPECT_TRUE(threw);
    EXPECT_THROW(siding::barrier(0), siding::value_error);
}

TEST_F(semantics, a_release_too_many_is_an_error) { run_virtually(release_too_often()); }

siding::coroutine<> edges_of_queues() {
    siding::queue<std::unique_ptr<int>> q(1);
    EXPECT_THROW(static_cast<void>(q.get_nowait()), siding::queue_empty);
    q.put_nowait(std::make_unique<int>(5));
    EXPECT_THROW(q.put_nowait(std::make_unique<int>(6)), siding::queue_full);
    EXPECT_EQ(q.qsize(), 1u);
    auto const taken = co_await q.get();
    EXPECT_EQ(*taken, 5);
    q.task_done();
    EXPECT_THROW(q.task_done(), siding::value_error);
    co_await q.join();
}

TEST_F(semantics, queues_refuse_what_they_cannot_do_and_move_what_cannot_be_copied) {
    run_virtually(edges_of_queues());
}

TEST_F(semantics, what_needs_a_running_loop_says_so) {
    EXPECT_THROW(static_cast<void>(siding::get_running_loop()), siding::runtime_error);
    EXPECT_THROW(siding::create_task(value(1)), siding::runtime_error);
    EXPECT_THROW(static_cast<void>(siding::current_task()), siding::runtime_error);
    siding::loop home;
    home.close();
    EXPECT_THROW(home.run_until_complete(value(1)), siding::runtime_error);
    EXPECT_THROW(home.run_forever(), siding::runtime_error);
    home.close();
}

} // namespace
