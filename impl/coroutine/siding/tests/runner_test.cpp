// SPDX-License-Identifier: MIT
#include "siding/runner.hpp"

#include "support.hpp"

#include <csignal>
#include <optional>
#include <stdexcept>

using namespace siding_test;

namespace {

class runners : public clean_test {};

siding::context_var<int> visits("visits", 0);

siding::coroutine<int> visit() {
    visits.set(visits.get() + 1);
    co_await siding::sleep(0s);
    co_return visits.get();
}

siding::coroutine<> linger(trace& t) {
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        t("cancelled");
        throw;
    }
}

siding::coroutine<> leave_a_task(trace& t) {
    siding::create_task(linger(t));
    co_await siding::sleep(1s);
}

siding::coroutine<> see_the_task(trace& t) {
    t(siding::all_tasks().size(), " tasks at ", now_ms());
    co_return;
}

siding::coroutine<> fail() {
    visits.set(10);
    throw std::runtime_error("broken");
    co_return;
}

TEST_F(runners, run_one_behind_the_other_in_one_loop_and_context) {
    trace t;
    siding::virtual_clock clock;
    siding::runner runner({.clock = &clock});
    auto* const home = &runner.get_loop();
    EXPECT_EQ(runner.run(visit()), 1);
    EXPECT_EQ(runner.run(visit()), 2);
    EXPECT_EQ(visits.get(), 0) << "outside nothing was set";
    EXPECT_THROW(runner.run(fail()), std::runtime_error);
    EXPECT_EQ(runner.run(visit()), 11);
    runner.run(leave_a_task(t));
    runner.run(see_the_task(t));
    EXPECT_EQ(&runner.get_loop(), home);
    t("close");
    runner.close();
    runner.close();
    EXPECT_EQ(t.lines(), (lines{"2 tasks at 1000", "close", "cancelled"}));
    EXPECT_THROW(runner.run(visit()), siding::runtime_error);
    EXPECT_THROW(static_cast<void>(runner.get_loop()), siding::runtime_error);
}

siding::coroutine<> run_inside(siding::runner& of) {
    EXPECT_THROW(of.run(visit()), siding::runtime_error);
    co_return;
}

TEST_F(runners, refuse_to_run_inside_a_loop_and_need_none_to_be_closed) {
    siding::runner runner;
    runner.run(run_inside(runner));
    siding::runner unused;
    unused.close();
}

siding::coroutine<> interrupt_me() {
    std::raise(SIGINT);
    co_await siding::sleep(1h);
}

TEST_F(runners, are_interrupted_and_can_be_used_again) {
    siding::runner runner;
    EXPECT_THROW(runner.run(interrupt_me()), siding::keyboard_interrupt);
    EXPECT_EQ(runner.run(visit()), 1);
}

siding::coroutine<int> never_waits(int value) { co_return value; }

class remote_tasks : public testing::Test {}; // frames go from thread to thread

siding::coroutine<int> run_for_thread(trace& t, siding::event& began) {
    began.set();
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        t("cancelled");
        throw;
    }
    co_return 1;
}

siding::coroutine<> cancel_from_a_thread(trace& t) {
    auto& home = siding::get_running_loop();
    siding::event began;
    auto pending = siding::run_coroutine_threadsafe(run_for_thread(t, began), home);
    co_await began.wait();
    co_await siding::to_thread([&] {
        EXPECT_TRUE(pending.cancel());
        EXPECT_THROW(pending.get(), siding::cancelled_error);
        EXPECT_FALSE(pending.cancel()) << "it has ended";
        auto early = siding::run_coroutine_threadsafe(run_for_thread(t, began), home);
        EXPECT_TRUE(early.cancel()); // perhaps before it began
        EXPECT_THROW(early.get(), siding::cancelled_error);
        auto value = siding::run_coroutine_threadsafe(never_waits(7), home);
        EXPECT_EQ(value.get(), 7);
    });
}

TEST_F(remote_tasks, are_cancelled_from_the_thread_that_began_them) {
    trace t;
    siding::run(cancel_from_a_thread(t));
    EXPECT_EQ(t.lines().front(), "cancelled");
}

TEST_F(remote_tasks, may_outlive_their_loop) {
    trace t;
    std::optional<siding::thread_future<int>> pending;
    {
        siding::loop home;
        siding::event began;
        pending.emplace(siding::run_coroutine_threadsafe(run_for_thread(t, began), home));
    }
    EXPECT_FALSE(pending->cancel());
    EXPECT_THROW(pending->get(), std::future_error) << "nobody will ever keep the promise";
}

} // namespace
