// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <csignal>
#include <system_error>
#include <thread>

using namespace siding_test;

namespace {

class signals : public clean_test {};

[[nodiscard]] bool has_default_action(int number) {
    struct sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
}

siding::coroutine<> handle_three(trace& t) {
    auto& home = siding::get_running_loop();
    auto const last = home.create_future();
    int calls = 0;
    home.add_signal_handler(SIGUSR1, [&] {
        t("call ", ++calls, " in a task: ", static_cast<bool>(siding::current_task()));
        if (calls == 3) last.set_result();
    });
    std::raise(SIGUSR1);
    t("raised");
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    std::raise(SIGUSR1);
    std::raise(SIGUSR1); // before the loop got to the first: one call
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    std::jthread const other([] { std::raise(SIGUSR1); }); // runs its handler, wakes our loop
    co_await last;
    EXPECT_TRUE(home.remove_signal_handler(SIGUSR1));
    EXPECT_FALSE(home.remove_signal_handler(SIGUSR1));
    EXPECT_TRUE(has_default_action(SIGUSR1));
}

TEST_F(signals, call_their_handler_in_the_loop_whatever_thread_they_hit) {
    trace t;
    siding::run(handle_three(t));
    EXPECT_EQ(t.lines(), (lines{"raised", "call 1 in a task: 0", "call 2 in a task: 0",
                                "call 3 in a task: 0"}));
}

siding::coroutine<> replace_and_remove_while_posted(trace& t) {
    auto& home = siding::get_running_loop();
    home.add_signal_handler(SIGUSR1, [&] { t("first"); });
    std::raise(SIGUSR1);
    home.add_signal_handler(SIGUSR1, [&] { t("second"); });
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    t("replaced");
    std::raise(SIGUSR1);
    home.remove_signal_handler(SIGUSR1);
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
    t("removed");
}

TEST_F(signals, that_came_before_their_handler_was_taken_away_are_dropped) {
    trace t;
    siding::run(replace_and_remove_while_posted(t));
    EXPECT_EQ(t.lines(), (lines{"replaced", "removed"}));
    EXPECT_TRUE(has_default_action(SIGUSR1));
    {
        siding::loop closes_before_it_gets_to_it;
        closes_before_it_gets_to_it.add_signal_handler(SIGUSR1, [&] { t("late"); });
        std::raise(SIGUSR1);
    }
    EXPECT_EQ(t.lines().size(), 2u);
    EXPECT_TRUE(has_default_action(SIGUSR1));
}

TEST_F(signals, of_a_handler_that_throws_go_to_the_exception_handler) {
    lines reported;
    auto const main = [](lines& to) -> siding::coroutine<> {
        auto& home = siding::get_running_loop();
        home.set_exception_handler([&to](siding::loop&, siding::exception_context const& context) {
            to.push_back(context.message);
        });
        home.add_signal_handler(SIGUSR1, [] { throw std::runtime_error("in the handler"); });
        std::raise(SIGUSR1);
        co_await siding::sleep(0s);
        co_await siding::sleep(0s);
    };
    siding::run(main(reported));
    EXPECT_EQ(reported, lines{"Exception in callback"});
}

TEST_F(signals, belong_to_one_loop_at_a_time) {
    siding::loop first;
    first.add_signal_handler(SIGUSR1, [] {});
    {
        siding::loop second;
        EXPECT_THROW(second.add_signal_handler(SIGUSR1, [] {}), siding::runtime_error);
        EXPECT_FALSE(second.remove_signal_handler(SIGUSR1));
        first.remove_signal_handler(SIGUSR1);
        second.add_signal_handler(SIGUSR1, [] {});
    }
    EXPECT_TRUE(has_default_action(SIGUSR1)) << "closing the loop gives the signal back";
}

TEST_F(signals, that_are_none_or_cannot_be_caught_are_errors) {
    siding::loop home;
    EXPECT_THROW(home.add_signal_handler(0, [] {}), siding::value_error);
    EXPECT_THROW(home.add_signal_handler(65, [] {}), siding::value_error);
    EXPECT_THROW(home.remove_signal_handler(-1), siding::value_error);
    EXPECT_THROW(home.add_signal_handler(SIGKILL, [] {}), std::system_error);
    EXPECT_FALSE(home.remove_signal_handler(SIGKILL));
    home.close();
    EXPECT_THROW(home.add_signal_handler(SIGUSR1, [] {}), siding::runtime_error);
}

siding::coroutine<> sleep_until_interrupted(trace& t) {
    std::raise(SIGINT);
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        t("cancelled");
        throw;
    }
}

TEST_F(signals, an_interrupt_cancels_the_main_task_of_run) {
    trace t;
    EXPECT_THROW(siding::run(sleep_until_interrupted(t)), siding::keyboard_interrupt);
    EXPECT_EQ(t.lines(), lines{"cancelled"});
    EXPECT_TRUE(has_default_action(SIGINT));
}

TEST_F(signals, a_cancellation_without_an_interrupt_stays_one) {
    auto const main = []() -> siding::coroutine<> {
        siding::current_task().cancel();
        co_await siding::sleep(1h);
    };
    EXPECT_THROW(siding::run(main()), siding::cancelled_error);
}

TEST_F(signals, a_main_task_that_swallows_the_interrupt_returns) {
    auto const main = []() -> siding::coroutine<int> {
        std::raise(SIGINT);
        try {
            co_await siding::sleep(1h);
        } catch (siding::cancelled_error const&) {
        }
        co_return 5;
    };
    EXPECT_EQ(siding::run(main()), 5);
}

TEST_F(signals, an_interrupt_that_the_program_handles_is_left_to_it) {
    int calls = 0;
    auto const main = [](int& count) -> siding::coroutine<> {
        siding::get_running_loop().add_signal_handler(SIGINT, [&count] { ++count; });
        std::raise(SIGINT);
        co_await siding::sleep(0s);
        co_await siding::sleep(0s);
    };
    siding::run(main(calls));
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(has_default_action(SIGINT));
    std::signal(SIGINT, SIG_IGN);
    auto const raises = []() -> siding::coroutine<int> {
        std::raise(SIGINT);
        co_await siding::sleep(0s);
        co_return 1;
    };
    EXPECT_EQ(siding::run(raises()), 1);
    std::signal(SIGINT, SIG_DFL);
}

siding::coroutine<> never_return_to_the_loop() {
    std::raise(SIGINT);
    while (true) {
        std::raise(SIGINT);
    }
    co_return;
}

TEST(signals_death, a_second_interrupt_kills_the_process) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(siding::run(never_return_to_the_loop()), testing::KilledBySignal(SIGINT), "");
}

} // namespace
