// SPDX-License-Identifier: MIT
// Lengths of time that do not fit, in every function that takes one: too long means for ever, too
// little means at once, and "not a number" is an error.
#include "support.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <ratio>

using namespace siding_test;

namespace {

class time_limits : public clean_test {};

siding::coroutine<int> work() { co_return co_await siding::sleep(5ms, 7); }

/// Whether the time was up in work that takes 5 ms: one function for each that takes a limit.
using limited = siding::coroutine<bool> (*)(siding::time_limit);

siding::coroutine<bool> by_wait_for(siding::time_limit limit) {
    auto piece = siding::wait_for(work(), limit);
    try {
        static_cast<void>(co_await std::move(piece));
    } catch (siding::timeout_error const&) {
        co_return true;
    }
    co_return false;
}

siding::coroutine<bool> by_wait_for_a_task(siding::time_limit limit) {
    auto piece = siding::wait_for(siding::create_task(work()), limit);
    try {
        static_cast<void>(co_await std::move(piece));
    } catch (siding::timeout_error const&) {
        co_return true;
    }
    co_return false;
}

siding::coroutine<bool> by_timeout(siding::time_limit limit) {
    auto piece = siding::timeout(limit, work());
    try {
        static_cast<void>(co_await std::move(piece));
    } catch (siding::timeout_error const&) {
        co_return true;
    }
    co_return false;
}

siding::coroutine<bool> by_timeout_scope(siding::time_limit limit) {
    auto body = [](siding::timeout_scope&) { return work(); };
    auto piece = siding::timeout(limit, body);
    try {
        static_cast<void>(co_await std::move(piece));
    } catch (siding::timeout_error const&) {
        co_return true;
    }
    co_return false;
}

siding::coroutine<bool> by_wait(siding::time_limit limit) {
    std::vector<siding::task<int>> all{siding::create_task(work())};
    auto waiting = siding::wait(all, limit);
    auto const sorted = co_await std::move(waiting);
    co_return !sorted.pending.empty();
}

siding::coroutine<bool> by_as_completed(siding::time_limit limit) {
    std::vector<siding::task<int>> all{siding::create_task(work())};
    auto order = siding::as_completed(all, limit);
    auto next = order.next();
    try {
        static_cast<void>(co_await std::move(next));
    } catch (siding::timeout_error const&) {
        co_return true;
    }
    co_return false;
}

siding::coroutine<bool> by_call_later(siding::time_limit limit) {
    bool called = false;
    auto const call =
        siding::get_running_loop().call_later(limit.length(), [&called] { called = true; });
    static_cast<void>(co_await siding::sleep(5ms, 0));
    auto timer = call;
    timer.cancel();
    co_return called;
}

siding::coroutine<bool> by_sleep(siding::time_limit limit) {
    auto const sleeping = siding::create_task([](siding::duration length) -> siding::coroutine<> {
        co_await siding::sleep(length);
    }(limit.length()));
    co_await siding::sleep(5ms);
    bool const over = sleeping.done();
    sleeping.cancel();
    co_return over;
}

constexpr std::initializer_list<std::pair<char const*, limited>> functions{
    {"wait_for", &by_wait_for},
    {"wait_for of a task", &by_wait_for_a_task},
    {"timeout", &by_timeout},
    {"timeout with a scope", &by_timeout_scope},
    {"wait", &by_wait},
    {"as_completed", &by_as_completed},
    {"call_later", &by_call_later},
    {"sleep", &by_sleep},
};

void each_is_up(std::initializer_list<siding::time_limit> limits, bool expected) {
    for (auto const& [name, function] : functions) {
        int number = 0;
        for (auto const limit : limits) {
            SCOPED_TRACE(testing::Message() << name << ", limit " << number++);
            EXPECT_EQ(run_virtually(function(limit)), expected);
            EXPECT_EQ(siding::run(function(limit)), expected) << "in real time";
        }
    }
}

TEST_F(time_limits, beyond_the_end_of_time_are_none) {
    using years = std::chrono::duration<std::int64_t, std::ratio<365L * 24 * 3600>>;
    each_is_up({std::nullopt, siding::duration::max(), std::chrono::hours::max(),
                std::chrono::seconds(std::numeric_limits<std::int64_t>::max()), years(292),
                years(300), years(1'000'000'000'000), std::chrono::duration<double>(1e300),
                std::chrono::duration<double>(std::numeric_limits<double>::infinity()),
                std::optional<std::chrono::hours>(std::chrono::hours::max())},
               false);
}

TEST_F(time_limits, below_nothing_are_up_at_once) {
    each_is_up({siding::duration::zero(), -1ns, siding::duration::min(), std::chrono::hours::min(),
                std::chrono::duration<double>(-1e300),
                std::chrono::duration<float>(-std::numeric_limits<float>::infinity()),
                std::chrono::duration<double>(-0.0)},
               true);
}

TEST_F(time_limits, that_are_no_numbers_are_errors) {
    auto const none = std::chrono::duration<double>(std::nan(""));
    EXPECT_THROW(static_cast<void>(siding::time_limit(none)), siding::value_error);
    EXPECT_THROW(static_cast<void>(siding::sleep(none)), siding::value_error);
    EXPECT_THROW(static_cast<void>(siding::sleep(none, 1)), siding::value_error);
    siding::loop loop;
    EXPECT_THROW(loop.call_later(none, [] {}), siding::value_error);
}

TEST_F(time_limits, with_fractions_are_never_shorter) {
    static_assert(siding::time_limit(std::chrono::duration<double, std::nano>(1.5)).length() ==
                  2ns);
    static_assert(siding::time_limit(std::chrono::duration<float>(0.25F)).length() == 250ms);
    static_assert(siding::time_limit(std::chrono::minutes(3)).length() == 180s);
    static_assert(siding::time_limit(std::chrono::duration<unsigned char>(200)).length() == 200s);
    using picoseconds = std::chrono::duration<std::int64_t, std::pico>;
    static_assert(siding::time_limit(picoseconds(5'000)).length() == 5ns);
}

siding::coroutine<> points_in_time(trace& t) {
    auto& home = siding::get_running_loop();
    auto never = home.call_at(siding::time_point::max(), [&t] { t("never"); });
    home.call_at(siding::time_point::min(), [&t] { t("long ago"); });
    home.call_at(siding::time_point(siding::duration(-1)), [&t] { t("before the clock began"); });
    co_await siding::sleep(1h);
    EXPECT_EQ(home.pending_timers(), 1u);
    never.cancel();
    EXPECT_EQ(home.pending_timers(), 0u);
    auto body = [](siding::timeout_scope& scope) -> siding::coroutine<int> {
        scope.reschedule(siding::time_point::max());
        scope.reschedule(siding::get_running_loop().time() + 1s);
        scope.reschedule(siding::time_point::max());
        co_return co_await siding::sleep(1h, 1);
    };
    auto piece = siding::timeout_at(siding::time_point::max(), body);
    t(co_await std::move(piece));
}

TEST_F(time_limits, points_in_time_may_lie_anywhere) {
    trace t;
    run_virtually(points_in_time(t));
    EXPECT_EQ(t.lines(), (lines{"long ago", "before the clock began", "1"}));
}

/// Among many that never come, those that do come at their time and no other passes.
siding::coroutine<> many_that_never_come(trace& t) {
    std::vector<siding::task<>> never;
    for (int i = 0; i < 100; ++i) {
        never.push_back(siding::create_task(
            []() -> siding::coroutine<> { co_await siding::sleep(siding::duration::max()); }()));
    }
    co_await siding::sleep(292 * 365 * 24h); // nearly as long as there is
    t(now_ms() / (365 * 24 * 3600 * 1000L));
    for (auto const& each : never) {
        EXPECT_FALSE(each.done());
    }
}

TEST_F(time_limits, that_never_come_hold_nothing_up) {
    trace t;
    run_virtually(many_that_never_come(t));
    EXPECT_EQ(t.lines(), lines{"292"});
}

/// A clock that goes back, or says a time before its beginning.
class odd_clock final : public siding::clock {
public:
    [[nodiscard]] siding::time_point now() noexcept override {
        auto const ms = looks_++ % 3 == 2 ? -5 : now_ms_;
        return siding::time_point(std::chrono::milliseconds(ms));
    }
    void idle_until(siding::time_point next) noexcept override {
        now_ms_ = std::chrono::ceil<std::chrono::milliseconds>(next.time_since_epoch()).count();
    }

private:
    std::int64_t now_ms_ = 0;
    int looks_ = 0;
};

TEST_F(time_limits, hold_on_a_clock_that_goes_back) {
    odd_clock clock;
    auto sleeps = []() -> siding::coroutine<> {
        for (int i = 0; i < 10; ++i) {
            co_await siding::sleep(1ms);
        }
    };
    siding::run(sleeps(), {.clock = &clock});
}

} // namespace
