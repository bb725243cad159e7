// SPDX-License-Identifier: MIT
#include "support.hpp"

#include "siding/detail/timer_wheel.hpp"

#include <atomic>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>

using namespace siding_test;

namespace {

class loop : public clean_test {};
class threads : public clean_test {};

siding::coroutine<> calls(trace& t) {
    auto& home = siding::get_running_loop();
    home.call_soon([&] {
        t("soon");
        home.call_soon([&] { t("added in the batch"); });
    });
    auto cancelled = home.call_soon([&] { t("never"); });
    cancelled.cancel();
    EXPECT_TRUE(cancelled.cancelled());
    home.call_later(2s, [&] { t("2 s at ", now_ms()); });
    home.call_later(1s, [&] { t("1 s, first, at ", now_ms()); });
    home.call_later(1s, [&] { t("1 s, second"); });
    auto late = home.call_later(1s, [&] { t("never"); });
    late.cancel();
    home.call_soon([&] { t("soon too"); });
    co_await siding::sleep(3s);
    EXPECT_EQ(home.pending_timers(), 0u);
}

TEST_F(loop, calls_back_in_order_and_never_what_was_cancelled) {
    trace t;
    run_virtually(calls(t));
    EXPECT_EQ(t.lines(), (lines{"soon", "soon too", "added in the batch", "1 s, first, at 1000",
                                "1 s, second", "2 s at 2000"}));
}

siding::coroutine<> growing_in_the_middle(std::vector<int>& order) {
    auto& home = siding::get_running_loop();
    for (int turn = 0; turn < 2'000; ++turn) {
        co_await siding::sleep(0s); // more has been taken before than there will be
    }
    for (int first = 0; first < 50; ++first) {
        home.call_soon([&home, &order, first] {
            order.push_back(first);
            if (first != 25) return;
            for (int later = 50; later < 500; ++later) {
                home.call_soon([&order, later] { order.push_back(later); });
            }
        });
    }
    while (order.size() < 500) {
        co_await siding::sleep(0s);
    }
}

TEST_F(loop, keeps_its_place_when_the_queue_grows_within_a_turn) {
    std::vector<int> order;
    siding::run(growing_in_the_middle(order));
    std::vector<int> expected(500);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

siding::coroutine<> throwing_callback(lines& reported) {
    auto& home = siding::get_running_loop();
    home.set_exception_handler([&](siding::loop&, siding::exception_context const& context) {
        reported.push_back(context.message);
    });
    home.call_soon([] { throw std::runtime_error("x"); });
    co_await siding::sleep(0s);
    co_await siding::sleep(0s);
}

TEST_F(loop, survives_a_callback_that_throws) {
    lines reported;
    siding::run(throwing_callback(reported));
    EXPECT_EQ(reported, lines{"Exception in callback"});
}

siding::coroutine<> yield_for_ever(bool const& stop) {
    while (!stop) {
        co_await siding::sleep(0s);
    }
}

siding::coroutine<> fairness() {
    bool stop = false;
    auto const busy = siding::create_task(yield_for_ever(stop));
    co_await siding::sleep(1ms); // real time passes although there is always something to run
    stop = true;
    co_await busy;
}

TEST_F(loop, timers_fire_beside_tasks_that_always_yield) { siding::run(fairness()); }

TEST_F(loop, closed_with_pending_tasks_destroys_them) {
    auto alive = std::make_shared<int>();
    lines reported;
    siding::task<> left;
    {
        siding::loop home;
        home.set_exception_handler([&](siding::loop&, siding::exception_context const& context) {
            reported.push_back(context.message);
        });
        auto const sleeper = [](std::shared_ptr<int>) -> siding::coroutine<> {
            co_await siding::sleep(1h);
        };
        auto const main = [&](std::shared_ptr<int> kept) -> siding::coroutine<> {
            left = siding::create_task(sleeper(kept));
            siding::create_task(sleeper(kept));
            co_await siding::sleep(0s);
        };
        home.run_until_complete(main(alive));
        EXPECT_EQ(alive.use_count(), 3);
    }
    EXPECT_TRUE(left.cancelled());
    EXPECT_EQ(reported.size(), 2u);
    left = {};
    EXPECT_EQ(alive.use_count(), 1);
}

/// The wheel against a sorted list, with inserts, erases and jumps of every size.
TEST_F(loop, timer_wheel_agrees_with_a_sorted_list) {
    struct entry : siding::detail::timer {
        entry() : timer(nullptr) {}
        std::uint64_t order = 0;
    };
    std::mt19937_64 random(1);
    siding::detail::timer_wheel wheel;
    std::vector<std::unique_ptr<entry>> all;
    std::vector<entry*> linked;
    std::uint64_t now = 1'000'000'000;
    std::uint64_t order = 0;
    for (int step = 0; step < 20'000; ++step) {
        auto const choice = random() % 8;
        if (choice < 5) {
            auto& added = *all.emplace_back(std::make_unique<entry>());
            auto const span = std::uint64_t{1} << (random() % 45);
            added.deadline_ns = now + random() % span - (choice == 0 ? random() % 1'000 : 0);
            added.order = ++order;
            wheel.insert(added);
            linked.push_back(&added);
        } else if (choice == 5 && !linked.empty()) {
            auto const index = random() % linked.size();
            wheel.erase(*linked[index]);
            linked.erase(linked.begin() + static_cast<std::ptrdiff_t>(index));
        } else {
            now += random() % (std::uint64_t{1} << (random() % 40));
            std::ranges::sort(linked, [](entry const* a, entry const* b) {
                return std::pair(a->deadline_ns, a->order) < std::pair(b->deadline_ns, b->order);
            });
            while (auto* const due = wheel.pop_due(now)) {
                ASSERT_FALSE(linked.empty());
                ASSERT_EQ(due, linked.front());
                linked.erase(linked.begin());
            }
            ASSERT_TRUE(linked.empty() || linked.front()->deadline_ns > now);
            if (!linked.empty()) {
                ASSERT_GT(wheel.next_wake_ns(), now);
                ASSERT_LE(wheel.next_wake_ns(), linked.front()->deadline_ns);
            }
        }
        ASSERT_EQ(wheel.size(), linked.size());
    }
}

siding::coroutine<> wait_for_posts(int producers, int each) {
    auto& home = siding::get_running_loop();
    std::vector<int> last(static_cast<std::size_t>(producers), -1);
    int arrived = 0;
    auto const all = home.create_future();
    std::vector<std::jthread> running;
    for (int p = 0; p < producers; ++p) {
        running.emplace_back([&, p] {
            for (int i = 0; i < each; ++i) {
                home.call_soon_threadsafe([&, p, i] {
                    EXPECT_EQ(last[static_cast<std::size_t>(p)], i - 1);
                    last[static_cast<std::size_t>(p)] = i;
                    if (++arrived == producers * each) all.set_result();
                });
            }
        });
    }
    co_await all;
}

TEST_F(threads, posts_wake_the_loop_keep_their_order_and_none_is_lost) {
    siding::run(wait_for_posts(3, 20'000));
}

TEST_F(threads, post_to_a_closed_loop_is_an_error) {
    siding::loop home;
    home.close();
    EXPECT_THROW(home.call_soon_threadsafe([] {}), siding::runtime_error);
}

siding::coroutine<> in_threads(trace& t) {
    auto const slow = [] {
        std::this_thread::sleep_for(5ms);
        return std::this_thread::get_id();
    };
    auto pending = siding::create_task(siding::to_thread(slow));
    co_await siding::sleep(0s);
    t("the loop goes on");
    auto const id = co_await pending;
    EXPECT_NE(id, std::this_thread::get_id());
    try {
        co_await siding::to_thread([](int) { throw std::runtime_error("in the thread"); }, 1);
    } catch (std::runtime_error const& error) {
        t(error.what());
    }
    auto forgotten = siding::create_task(siding::to_thread(slow));
    co_await siding::sleep(0s);
    forgotten.cancel();
    try {
        co_await forgotten;
    } catch (siding::cancelled_error const&) {
        t("cancelled");
    }
}

TEST_F(threads, to_thread_brings_results_and_exceptions_back) {
    trace t;
    siding::run(in_threads(t));
    EXPECT_EQ(t.lines(), (lines{"the loop goes on", "in the thread", "cancelled"}));
}

siding::coroutine<int> twice(int x) {
    co_await siding::sleep(1ms);
    co_return 2 * x;
}

siding::coroutine<> ask_from_a_thread() {
    auto& home = siding::get_running_loop();
    auto const answer = co_await siding::to_thread(
        [&home] { return siding::run_coroutine_threadsafe(twice(21), home).get(); });
    EXPECT_EQ(answer, 42);
}

TEST_F(threads, run_a_coroutine_from_another_thread) {
    // The frame is made in the thread and freed in the loop: the counts of both threads move.
    auto const main = ask_from_a_thread;
    std::jthread([main] { siding::run(main()); }).join();
}

} // namespace
