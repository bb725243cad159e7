// SPDX-License-Identifier: MIT
// Fork-join computations on a pool: values, failures from anywhere, stacks, sleep, and the way from
// a loop and back.
#include "siding/par/pool.hpp"
#include "support.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using siding::fork;
using siding::join;
using siding::par;
using siding::par_pool;
using namespace std::chrono_literals;
using std::uint64_t;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

par<uint64_t> fib(uint64_t n) {
    if (n < 2) co_return n;
    uint64_t a = 0;
    co_await fork(a, fib(n - 1));
    auto const b = co_await fib(n - 2);
    co_await join();
    co_return a + b;
}

struct par_of : testing::TestWithParam<unsigned> {
    par_pool pool{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(workers, par_of, testing::Values(1u, 2u, 8u));

TEST_P(par_of, forks_and_joins) {
    for (auto i = 0; i < 20; ++i) {
        EXPECT_EQ(pool.run_blocking(fib, 18u), 2'584u);
    }
}

par<uint64_t> wide(uint64_t children, unsigned depth) {
    if (depth == 0) co_return 1;
    std::array<uint64_t, 16> values{};
    for (uint64_t i = 0; i < children; ++i) {
        co_await fork(values[i], wide(children, depth - 1));
    }
    co_await join();
    co_return std::accumulate(values.begin(), values.end(), uint64_t(0));
}

TEST_P(par_of, forks_many_children_before_a_join) {
    EXPECT_EQ(pool.run_blocking(wide, 10u, 4u), 10'000u);
}

/// Counts those that live.
struct counted {
    explicit counted(std::atomic<int>& to) noexcept : alive(&to) { ++*alive; }
    counted(counted const& other) noexcept : alive(other.alive) { ++*alive; }
    counted& operator=(counted const&) = delete;
    ~counted() { --*alive; }
    std::atomic<int>* alive;
};

par<uint64_t> with_a_parameter(counted mine, unsigned depth) {
    counted const local(*mine.alive);
    if (depth == 0) co_return 1;
    uint64_t a = 0;
    co_await fork(a, with_a_parameter(mine, depth - 1));
    auto const b = co_await with_a_parameter(mine, depth - 1);
    co_await join();
    co_return a + b;
}

TEST_P(par_of, destroys_parameters_and_locals_of_forked_called_and_stolen_frames) {
    std::atomic<int> alive = 0;
    auto const leaves = pool.run_blocking(
        [](counted mine) -> par<uint64_t> {
            auto const sum = co_await with_a_parameter(mine, 12);
            co_return sum;
        },
        counted(alive));
    EXPECT_EQ(leaves, 4'096u);
    EXPECT_EQ(alive, 0);
}

par<void> count(std::atomic<uint64_t>& to, unsigned depth) {
    if (depth == 0) {
        ++to;
        co_return;
    }
    for (auto phase = 0; phase < 2; ++phase) { // a frame joins more than once
        co_await fork(count(to, depth - 1));
        co_await count(to, depth - 1);
        co_await join();
    }
}

TEST_P(par_of, joins_more_than_once) {
    std::atomic<uint64_t> leaves = 0;
    pool.run_blocking([&leaves] { return count(leaves, 6); });
    EXPECT_EQ(leaves, 4'096u);
}

par<std::string> text(unsigned depth) {
    if (depth == 0) co_return "x";
    co_return co_await text(depth - 1) + std::string(100, 'y');
}

TEST_P(par_of, calls_give_any_value) { EXPECT_EQ(pool.run_blocking(text, 50u).size(), 5'001u); }

par<void> leave_without_join(std::atomic<uint64_t>& to, unsigned depth) {
    if (depth == 0) {
        ++to;
        co_return;
    }
    co_await fork(leave_without_join(to, depth - 1));
    co_await fork(leave_without_join(to, depth - 1));
}

TEST_P(par_of, a_body_that_ends_waits_for_its_children) {
    for (auto i = 0; i < 50; ++i) {
        std::atomic<uint64_t> leaves = 0;
        pool.run_blocking([&leaves] { return leave_without_join(leaves, 7); });
        EXPECT_EQ(leaves, 128u);
    }
}

struct leaf_failed : std::runtime_error {
    explicit leaf_failed(uint64_t which)
        : std::runtime_error("leaf " + std::to_string(which)), leaf(which) {}
    uint64_t leaf;
};

/// Leaf `bad` of the tree throws; each body counts itself when it is left.
par<uint64_t> fails_at(uint64_t first, uint64_t count, uint64_t bad,
                       std::atomic<std::int64_t>& alive) {
    struct scope {
        explicit scope(std::atomic<std::int64_t>& c) : counter(c) { ++counter; }
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope() { --counter; }
        std::atomic<std::int64_t>& counter;
    } const here(alive);
    if (count == 1) {
        if (first == bad || bad == ~uint64_t(0)) throw leaf_failed(first);
        co_return 1;
    }
    uint64_t left = 0;
    co_await fork(left, fails_at(first, count / 2, bad, alive));
    auto const right = co_await fails_at(first + count / 2, count - count / 2, bad, alive);
    co_await join();
    co_return left + right;
}

TEST_P(par_of, a_failure_of_any_leaf_comes_out) {
    std::atomic<std::int64_t> alive = 0;
    auto const run = [&](uint64_t leaves, uint64_t bad) {
        return pool.run_blocking([&alive, leaves, bad] { return fails_at(0, leaves, bad, alive); });
    };
    for (uint64_t const leaves : {1u, 2u, 3u, 7u, 64u}) {
        for (uint64_t bad = 0; bad < leaves; ++bad) {
            try {
                run(leaves, bad);
                FAIL() << "leaf " << bad << " of " << leaves << " did not fail";
            } catch (leaf_failed const& error) {
                EXPECT_EQ(error.leaf, bad);
            }
            EXPECT_EQ(alive, 0);
        }
        EXPECT_THROW(run(leaves, ~uint64_t(0)), leaf_failed) << "all fail";
        EXPECT_EQ(alive, 0);
        EXPECT_EQ(run(leaves, leaves), leaves) << "none fails";
    }
}

par<void> fails_between(std::atomic<uint64_t>& done, bool in_child) {
    co_await fork(count(done, 5));
    if (!in_child) throw leaf_failed(1);
    std::atomic<std::int64_t> alive = 0;
    co_await fork([](auto& counter) -> par<void> { co_await fails_at(0, 1, 0, counter); }(alive));
}

TEST_P(par_of, a_body_that_fails_waits_for_its_children) {
    for (auto const in_child : {false, true}) {
        for (auto i = 0; i < 50; ++i) {
            std::atomic<uint64_t> done = 0;
            EXPECT_THROW(pool.run_blocking([&] { return fails_between(done, in_child); }),
                         leaf_failed);
            EXPECT_EQ(done, 1'024u);
        }
    }
}

par<uint64_t> chain(uint64_t depth) {
    if (depth == 0) co_return 0;
    uint64_t below = 0;
    co_await fork(below, chain(depth - 1));
    co_await join();
    co_return below + 1;
}

TEST_P(par_of, frames_and_continuations_may_be_many) {
    // Far beyond the first segment and the first ring.
    EXPECT_EQ(pool.run_blocking(chain, 100'000u), 100'000u);
    EXPECT_EQ(pool.run_blocking(chain, 10u), 10u);
}

TEST_P(par_of, takes_work_from_many_threads) {
    std::vector<std::jthread> threads;
    std::atomic<unsigned> right = 0;
    for (auto i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (auto k = 0; k < 50; ++k) {
                if (pool.run_blocking(fib, 10u) == 55) ++right;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(right, 200u);
}

TEST_P(par_of, runs_on_one_core) {
    cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    auto first = 0;
    while (!CPU_ISSET(first, &before)) {
        ++first;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    {
        par_pool pinned(GetParam()); // its threads inherit the mask
        EXPECT_EQ(pinned.run_blocking(fib, 20u), 6'765u);
        EXPECT_EQ(pinned.run_blocking(wide, 10u, 3u), 1'000u);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

uint64_t resident_kib() {
    std::ifstream file("/proc/self/statm");
    uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 1'024;
}

TEST_P(par_of, ten_million_tasks_leave_memory_as_it_was) {
    if (is_sanitized) GTEST_SKIP() << "memory is the sanitizer's";
    constexpr uint64_t n = 28; // 1,028,457 tasks a time
    for (auto i = 0; i < 3; ++i) {
        static_cast<void>(pool.run_blocking(fib, n));
    }
    auto const before = resident_kib();
    for (auto i = 0; i < 10; ++i) {
        static_cast<void>(pool.run_blocking(fib, n));
    }
    // A worker that was idle until now may touch its stacks for the first time; a leak of one word
    // a task would be 80 MB.
    EXPECT_LE(resident_kib(), before + 8 * 1'024);
}

/// A thread that never sleeps is seen running time and again.
TEST_P(par_of, sleeps_when_there_is_nothing_to_do) {
    EXPECT_EQ(pool.run_blocking(fib, 10u), 55u);
    for (auto asleep = 0u; asleep < GetParam();) {
        asleep = 0;
        for (auto const& task : std::filesystem::directory_iterator("/proc/self/task")) {
            if (task.path().filename() == std::to_string(::getpid())) continue;
            std::ifstream file(task.path() / "stat");
            std::string line;
            std::getline(file, line);
            if (line.substr(line.rfind(')') + 2, 1) == "S") ++asleep;
        }
        std::this_thread::yield();
    }
}

/// Apart, or clang sees that nobody runs the coroutine and makes no frame.
[[gnu::noinline]] par<uint64_t> fib_of(uint64_t n) { return fib(n); }

TEST(par, is_made_in_a_pool_only) { EXPECT_THROW(static_cast<void>(fib_of(3)), std::logic_error); }

TEST(par_pool, refuses_what_it_cannot_be) {
    EXPECT_THROW(par_pool(0), std::invalid_argument);
    EXPECT_THROW(par_pool(65), std::invalid_argument);
}

struct par_loop : siding_test::clean_test {};

TEST_F(par_loop, awaits_a_computation_and_goes_on_meanwhile) {
    par_pool pool(2);
    auto const main = [&]() -> siding::coroutine<uint64_t> {
        auto const first = siding::create_task(pool.run(fib, uint64_t(15)));
        auto const second = siding::create_task(pool.run(fib, uint64_t(16)));
        auto const other = siding::create_task([]() -> siding::coroutine<uint64_t> {
            co_await siding::sleep(0ms);
            co_return uint64_t(1);
        }());
        auto sum = co_await first;
        sum += co_await second;
        sum += co_await other;
        co_return sum;
    };
    EXPECT_EQ(siding::run(main()), 610u + 987u + 1u);
}

TEST_F(par_loop, throws_what_the_computation_throws) {
    par_pool pool(2);
    std::atomic<std::int64_t> alive = 0;
    auto make = [&alive] { return fails_at(0, 16, 11, alive); };
    auto const main = [&]() -> siding::coroutine<uint64_t> {
        auto pending = pool.run(make);
        co_return co_await std::move(pending);
    };
    EXPECT_THROW(siding::run(main()), leaf_failed);
}

TEST_F(par_loop, forgets_a_computation_that_is_cancelled) {
    par_pool pool(2);
    std::atomic<bool> go_on = false;
    auto wait = [&go_on]() -> par<void> {
        while (!go_on) {
            std::this_thread::yield();
        }
        co_return;
    };
    auto const main = [&]() -> siding::coroutine<bool> {
        auto const pending = siding::create_task(pool.run(wait));
        co_await siding::sleep(0ms);
        pending.cancel();
        auto cancelled = false;
        try {
            co_await pending;
        } catch (siding::cancelled_error const&) {
            cancelled = true;
        }
        go_on = true;
        co_return cancelled;
    };
    EXPECT_TRUE(siding::run(main()));
}

} // namespace
