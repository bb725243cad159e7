// SPDX-License-Identifier: MIT
#include "siding/task_options.hpp"
#include "support.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

using namespace siding_test;

namespace {

siding::context_var<int> visits("visits", 0);

siding::coroutine<int> visit() {
    visits.set(visits.get() + 1);
    co_await siding::sleep(0s);
    co_return visits.get();
}

class eager_tasks : public clean_test {};

siding::coroutine<int> step_and_sleep(trace& t, char name) {
    t(name, " begins in ", siding::current_task().get_name());
    co_await siding::sleep(1s);
    t(name, " goes on");
    co_return 1;
}

siding::coroutine<int> never_waits(int value) { co_return value; }

siding::coroutine<int> fails_at_once() {
    throw std::runtime_error("broken");
    co_return 0;
}

siding::coroutine<int> nests(trace& t, int depth) {
    if (depth == 0) {
        auto inner = step_and_sleep(t, 'x');
        co_return co_await std::move(inner);
    }
    auto const child =
        siding::create_task(nests(t, depth - 1), siding::task_options().named("deep").eager());
    t("back in depth ", depth);
    co_return co_await child + 1;
}

siding::coroutine<> start_eagerly(trace& t) {
    auto const plain = siding::create_task(step_and_sleep(t, 'p'), "plain");
    auto const eager =
        siding::create_task(step_and_sleep(t, 'e'), siding::task_options().named("eager").eager());
    t("created by ", siding::current_task().get_name(), ", done ", eager.done());
    auto const done = siding::create_task(never_waits(5), siding::task_options().eager());
    t(done.done(), ' ', done.result(), ' ', siding::all_tasks().size());
    auto const failed = siding::create_task(fails_at_once(), siding::task_options().eager());
    EXPECT_THROW(static_cast<void>(failed.result()), std::runtime_error);
    auto const value = co_await siding::create_task(nests(t, 2), siding::task_options().eager());
    t("nested ", value);
    co_await siding::gather(plain, eager);
    auto const cancelled =
        siding::create_task(step_and_sleep(t, 'c'), siding::task_options().named("last").eager());
    cancelled.cancel();
    co_await siding::gather(siding::return_exceptions, cancelled);
    t(cancelled.cancelled());
}

/// CPython 3.13 with eager_start gives the same trace.
TEST_F(eager_tasks, run_at_once_until_they_suspend) {
    trace t;
    run_virtually(start_eagerly(t));
    EXPECT_EQ(t.lines(),
              (lines{"e begins in eager", "created by Task-1, done 0", "1 5 3", "x begins in deep",
                     "back in depth 1", "back in depth 2", "p begins in plain", "e goes on",
                     "x goes on", "p goes on", "nested 3", "c begins in last", "1"}));
}

siding::coroutine<> use_contexts() {
    visits.set(1);
    auto values = siding::copy_context();
    values.run([] { visits.set(20); });
    auto const in_values =
        co_await siding::create_task(visit(), siding::task_options().within(values));
    EXPECT_EQ(in_values, 21);
    auto const eager =
        co_await siding::create_task(visit(), siding::task_options().within(values).eager());
    EXPECT_EQ(eager, 21);
    EXPECT_EQ(visits.get(), 1);
    int seen = 0;
    siding::call_soon([&seen] { seen = visits.get(); }, values);
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    EXPECT_EQ(seen, 20);
    auto const grouped = co_await siding::task_group::run(
        [&values](siding::task_group& in) -> siding::coroutine<int> {
            auto const member = siding::create_task(in, visit(), "member", values);
            co_return co_await member;
        });
    EXPECT_EQ(grouped, 21);
}

TEST_F(eager_tasks, and_callbacks_begin_with_the_context_that_is_given) {
    siding::run(use_contexts());
}

class debug_mode : public clean_test {};

siding::coroutine<> blocks_the_loop() {
    co_await siding::sleep(0s);
    auto const end = std::chrono::steady_clock::now() + 3ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    co_await siding::sleep(0s);
}

siding::coroutine<> run_in_debug_mode(trace& t) {
    auto& home = siding::get_running_loop();
    EXPECT_FALSE(home.get_debug());
    home.set_exception_handler([&](siding::loop&, siding::exception_context const& context) {
        t(context.message.substr(0, context.message.find(" took")));
    });
    home.set_debug(true);
    home.set_slow_callback_duration(1h);
    co_await siding::sleep(0s);
    co_await blocks_the_loop();
    home.set_slow_callback_duration(3ms); // that is how long it takes at least
    auto const slow = siding::create_task(blocks_the_loop(), "slow one");
    co_await slow;
    home.set_slow_callback_duration(1h);
    static_cast<void>(blocks_the_loop()); // and is never awaited
    home.set_debug(false);
    static_cast<void>(blocks_the_loop());
}

TEST_F(debug_mode, reports_what_holds_the_loop_up_and_what_was_forgotten) {
    trace t;
    siding::run(run_in_debug_mode(t));
    auto const& all = t.lines();
    EXPECT_EQ(std::count_if(
                  all.begin(), all.end(),
                  [](auto const& each) { return each.find("never awaited") != std::string::npos; }),
              1);
    EXPECT_NE(std::find_if(all.begin(), all.end(),
                           [](auto const& each) {
                               return each.find("task slow one in blocks_the_loop()") !=
                                          std::string::npos ||
                                      each.find("::blocks_the_loop()") != std::string::npos;
                           }),
              all.end())
        << "a slow step is named with its task and function: " << testing::PrintToString(all);
}

} // namespace
