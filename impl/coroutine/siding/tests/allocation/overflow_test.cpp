// SPDX-License-Identifier: MIT
// The ready queue has to grow, and there is no memory for that: who asked gets an error if the call
// made something; a wake-up is never lost, and never ends the process.
#include "failing_new.hpp"

#include "backends.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <new>
#include <system_error>
#include <thread>

using namespace siding_test;

namespace {

constexpr int waiters = 1'000; ///< more than the ready queue has room for
constexpr std::size_t large = 1'000;

/// A thousand tasks that wait for one thing, which then happens to all of them at once.
struct crowd {
    siding::loop& home;
    std::vector<siding::task<>> tasks;

    explicit crowd(siding::loop& in) : home(in) {}

    /// In small numbers, so that the ready queue stays small.
    void add(std::function<siding::coroutine<>()> const& wait) {
        for (int i = 0; i < waiters; ++i) {
            tasks.push_back(home.create_task(wait()));
            if (i % 20 == 19) turns(2);
        }
    }
    void turns(int count) {
        for (int i = 0; i < count; ++i) {
            // By a timer: call_soon is an error while there is no room, as it should be.
            home.call_later(0ms, [this] { home.stop(); });
            home.run_forever();
        }
    }
    [[nodiscard]] int done() const {
        int count = 0;
        for (auto const& each : tasks) {
            count += each.done() ? 1 : 0;
        }
        return count;
    }
    /// Runs until all are done, or for some time.
    void run() {
        for (int i = 0; i < 500 && done() < waiters; ++i) {
            home.call_later(1ms, [this] { home.stop(); });
            home.run_forever();
        }
    }
};

class overflow : public backend_test {
protected:
    [[nodiscard]] siding::loop_options options() const {
        siding::loop_options chosen;
        if (GetParam() == "io_uring") chosen.backend = &siding::make_io_uring_backend;
        return chosen;
    }
    void TearDown() override {
        fail_large_allocations(0);
        backend_test::TearDown();
    }
};
INSTANTIATE_TEST_SUITE_P(, overflow, every_backend, backend_name);

siding::coroutine<> wait_for_event(siding::event& e) { co_await e.wait(); }
siding::coroutine<> wait_for_future(siding::future<> f) { co_await f; }
siding::coroutine<> sleep_until(siding::time_point when) {
    co_await siding::sleep(when - siding::get_running_loop().time());
}
siding::coroutine<> take_one(siding::queue<int>& q) { static_cast<void>(co_await q.get()); }

TEST_P(overflow, of_an_event_wakes_all) {
    siding::loop loop(options());
    siding::event e;
    crowd all(loop);
    all.add([&] { return wait_for_event(e); });
    fail_large_allocations(large);
    e.set();
    all.turns(1);
    EXPECT_LT(all.done(), waiters) << "the ready queue had room for all: this tests nothing";
    fail_large_allocations(0);
    all.turns(30);
    EXPECT_EQ(all.done(), waiters);
}

TEST_P(overflow, of_a_future_wakes_all_also_while_there_is_no_memory) {
    siding::loop loop(options());
    auto const f = loop.create_future<>();
    crowd all(loop);
    all.add([&] { return wait_for_future(f); });
    int called = 0;
    for (int i = 0; i < waiters; ++i) {
        f.add_done_callback([&called](siding::any_future const&) { ++called; });
    }
    fail_large_allocations(large);
    f.set_result();
    all.turns(100);
    EXPECT_EQ(all.done(), waiters);
    EXPECT_EQ(called, waiters);
}

TEST_P(overflow, of_timers_wakes_all) {
    siding::loop loop(options());
    crowd all(loop);
    auto const when = loop.time() + 50ms;
    all.add([&] { return sleep_until(when); });
    int called = 0;
    for (int i = 0; i < waiters; ++i) {
        loop.call_at(when, [&called] { ++called; });
    }
    fail_large_allocations(large);
    all.run();
    EXPECT_EQ(all.done(), waiters);
    EXPECT_EQ(called, waiters);
}

TEST_P(overflow, of_queues_loses_no_item) {
    siding::loop loop(options());
    siding::queue<int> q;
    crowd all(loop);
    all.add([&] { return take_one(q); });
    for (int i = 0; i < waiters / 2; ++i) {
        q.put_nowait(i);
    }
    fail_large_allocations(large);
    all.turns(20);
    fail_large_allocations(0);
    EXPECT_EQ(all.done(), waiters / 2);
    for (int i = 0; i < waiters / 2; ++i) {
        q.put_nowait(i);
    }
    all.turns(20);
    EXPECT_EQ(all.done(), waiters);
    EXPECT_TRUE(q.empty());
}

siding::coroutine<> receive_one(int fd) {
    std::array<std::byte, 4> buffer;
    auto const count = co_await siding::recv(fd, buffer);
    EXPECT_EQ(count, 1u);
}

TEST_P(overflow, of_sockets_wakes_all) {
    siding::loop loop(options());
    std::vector<siding::descriptor> here;
    std::vector<siding::descriptor> there;
    crowd all(loop);
    for (int i = 0; i < 300; ++i) {
        int both[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
        here.emplace_back(both[0]);
        there.emplace_back(both[1]);
        all.tasks.push_back(loop.create_task(receive_one(both[0])));
        if (i % 20 == 19) all.turns(2);
    }
    for (auto const& each : there) {
        ASSERT_EQ(::write(each.get(), "x", 1), 1);
    }
    fail_large_allocations(large);
    for (int i = 0; i < 100 && all.done() < 300; ++i) {
        loop.call_later(1ms, [&loop] { loop.stop(); });
        loop.run_forever();
    }
    fail_large_allocations(0);
    EXPECT_EQ(all.done(), 300);
}

TEST_P(overflow, of_posts_of_other_threads_loses_none) {
    siding::loop loop(options());
    crowd all(loop);
    all.turns(1); // what its timer takes is in the pool from here on
    int called = 0;
    std::thread([&] {
        for (int i = 0; i < waiters; ++i) {
            loop.call_soon_threadsafe([&called] { ++called; });
        }
    }).join();
    fail_large_allocations(large);
    all.turns(30);
    EXPECT_EQ(called, waiters);
}

TEST_P(overflow, of_what_a_call_makes_is_an_error_of_the_call) {
    siding::loop loop(options());
    int called = 0;
    int made = 0;
    auto count = [&called]() -> siding::coroutine<> {
        ++called;
        co_return;
    };
    fail_large_allocations(large);
    try {
        for (int i = 0; i < 10 * waiters; ++i) {
            loop.call_soon([&called] { ++called; });
            ++made;
        }
    } catch (std::bad_alloc const&) {
    }
    EXPECT_LT(made, 10 * waiters);
    EXPECT_THROW(loop.create_task(count()), std::bad_alloc);
    fail_large_allocations(0);
    crowd all(loop);
    all.turns(1);
    EXPECT_EQ(called, made) << "neither more nor less than was asked for";
}

TEST_P(overflow, that_is_left_when_the_loop_ends_leaks_nothing) {
    siding::event e;
    auto loop = std::make_unique<siding::loop>(options());
    loop->set_exception_handler([](siding::loop&, siding::exception_context const&) {});
    auto const f = loop->create_future<>();
    {
        crowd all(*loop);
        all.add([&] { return wait_for_event(e); });
        for (int i = 0; i < waiters; ++i) {
            f.add_done_callback([](siding::any_future const&) {});
        }
        fail_large_allocations(large);
        e.set();
        f.set_result();
        fail_large_allocations(0);
        EXPECT_EQ(loop->all_tasks().size(), static_cast<std::size_t>(waiters));
    }
    loop->close();
}

} // namespace
