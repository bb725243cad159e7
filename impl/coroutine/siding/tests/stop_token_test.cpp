// SPDX-License-Identifier: MIT
#include "siding/stop_token.hpp"

#include "support.hpp"

#include <stdexcept>
#include <stop_token>
#include <thread>

using namespace siding_test;

namespace {

class stop_tokens : public clean_test {};

siding::coroutine<int> wait_for_ever(trace& t) {
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const& stopped) {
        t("cleans up: ", stopped.message());
        throw;
    }
    co_return 1;
}

siding::coroutine<> stopped_by_a_thread(trace& t) {
    std::stop_source source;
    std::jthread other([&source] { source.request_stop(); });
    try {
        static_cast<void>(co_await siding::stop_when(source.get_token(), wait_for_ever(t)));
    } catch (siding::cancelled_error const&) {
        t("stopped");
    }
    auto const again = siding::create_task( // it was requested before
        siding::stop_when(source.get_token(), wait_for_ever(t)));
    co_await siding::gather(siding::return_exceptions, again);
    t(again.cancelled());
}

TEST_F(stop_tokens, cancel_a_task_from_any_thread) {
    trace t;
    siding::run(stopped_by_a_thread(t));
    EXPECT_EQ(t.lines(),
              (lines{"cleans up: stop requested", "stopped", "cleans up: stop requested", "1"}));
}

siding::coroutine<int> quick() { co_return 7; }

siding::coroutine<> stopped_too_late() {
    std::stop_source source;
    auto const value = co_await siding::stop_when(source.get_token(), quick());
    EXPECT_EQ(value, 7);
    source.request_stop();
    co_await siding::sleep(0s); // nothing is cancelled
    auto const unstoppable = co_await siding::stop_when(std::stop_token(), quick());
    EXPECT_EQ(unstoppable, 7);
    for (int i = 0; i < 200; ++i) { // the request meets the end
        std::stop_source racing;
        std::jthread other([&racing] { racing.request_stop(); });
        auto const raced = siding::create_task(siding::stop_when(racing.get_token(), quick()));
        co_await siding::gather(siding::return_exceptions, raced);
        EXPECT_TRUE(raced.done());
    }
}

TEST_F(stop_tokens, that_come_too_late_cancel_nothing) { siding::run(stopped_too_late()); }

siding::coroutine<> leave_it_waiting(std::stop_token token, trace& t) {
    static_cast<void>(co_await siding::stop_when(token, wait_for_ever(t)));
}

TEST_F(stop_tokens, may_be_stopped_when_the_loop_has_ended) {
    trace t;
    std::stop_source source;
    {
        siding::loop home;
        home.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        home.create_task(leave_it_waiting(source.get_token(), t));
        home.call_later(1ms, [&] { home.stop(); });
        home.run_forever();
    }
    source.request_stop();
}

siding::coroutine<> stop_a_function(trace& t) {
    std::atomic<bool> began = false;
    auto const spin = [&began](std::stop_token token, int number) {
        began = true;
        while (!token.stop_requested()) {
            std::this_thread::yield();
        }
        return number;
    };
    auto const task = siding::create_task(siding::to_stoppable_thread(spin, 5));
    while (!began) {
        co_await siding::sleep(1ms);
    }
    task.cancel();
    co_await siding::gather(siding::return_exceptions, task);
    t(task.cancelled());
    auto const value =
        co_await siding::to_stoppable_thread([](std::stop_token, int x) { return 2 * x; }, 4);
    t(value);
    try {
        co_await siding::to_stoppable_thread(
            [](std::stop_token) { throw std::runtime_error("broken"); });
    } catch (std::runtime_error const& error) {
        t(error.what());
    }
}

TEST_F(stop_tokens, are_requested_by_the_cancellation_of_who_awaits_a_thread) {
    trace t;
    siding::run(stop_a_function(t));
    EXPECT_EQ(t.lines(), (lines{"1", "8", "broken"}));
}

} // namespace
