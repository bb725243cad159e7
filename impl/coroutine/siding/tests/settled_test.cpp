// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <stdexcept>

using namespace siding_test;

namespace {

class settled : public clean_test {};

siding::coroutine<int> answer(int x) {
    co_await siding::yield();
    co_return x;
}
siding::coroutine<int> fails() {
    co_await siding::yield();
    throw std::logic_error("no answer");
}
siding::coroutine<int> waits() { co_return co_await siding::sleep(1h, 1); }

siding::coroutine<> three_ends() {
    auto const value = siding::create_task(answer(7));
    auto const error = siding::create_task(fails());
    auto const cancelled = siding::create_task(waits());
    co_await siding::yield();
    cancelled.cancel();
    auto const first = co_await value.settled();
    EXPECT_EQ(first.value(), 7);
    EXPECT_FALSE(first.cancelled());
    EXPECT_EQ(first.exception(), nullptr);
    auto const second = co_await error.settled();
    EXPECT_FALSE(second.has_value());
    EXPECT_FALSE(second.cancelled());
    EXPECT_THROW(static_cast<void>(second.value()), std::logic_error);
    auto const third = co_await cancelled.settled();
    EXPECT_TRUE(third.cancelled());
    EXPECT_FALSE(third.has_value());
    EXPECT_THROW(static_cast<void>(third.value()), siding::cancelled_error);
    EXPECT_THROW(std::rethrow_exception(third.exception()), siding::cancelled_error);
    auto const again = co_await cancelled.settled(); // done: no wait
    EXPECT_TRUE(again.cancelled());
}

TEST_F(settled, gives_a_result_an_error_and_a_cancellation_without_throwing) {
    run_virtually(three_ends());
}

siding::coroutine<> wait_for_the_end(siding::task<int> inner, trace& t) {
    try {
        auto const end = co_await inner.settled();
        t("settled ", end.cancelled());
    } catch (siding::cancelled_error const&) {
        t("who waits is cancelled");
        throw;
    }
}

siding::coroutine<> cancel_who_waits(trace& t) {
    auto const inner = siding::create_task(waits());
    auto const outer = siding::create_task(wait_for_the_end(inner, t));
    co_await siding::yield();
    outer.cancel();
    auto const end = co_await outer.settled();
    t(inner.cancelled(), " ", end.cancelled());
}

TEST_F(settled, passes_on_the_cancellation_of_who_waits) {
    trace t;
    run_virtually(cancel_who_waits(t));
    EXPECT_EQ(t.lines(), (std::vector<std::string>{"who waits is cancelled", "1 1"}));
}

} // namespace
