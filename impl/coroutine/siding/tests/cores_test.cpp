// SPDX-License-Identifier: MIT
#include "siding/cores.hpp"

#include "backends.hpp"

#include <sched.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

using namespace siding_test;

namespace {

/// Loops in several threads free blocks where others were allocated: only descriptors are counted.
class cores : public backend_test {
protected:
    void TearDown() override {
        if (IsSkipped()) return;
        EXPECT_EQ(siding::detail::loop_core::of_this_thread(), nullptr);
    }
    [[nodiscard]] siding::cores_options options() const {
        siding::cores_options how;
        if (GetParam() == "io_uring") how.backend = &siding::make_io_uring_backend;
        return how;
    }
};
INSTANTIATE_TEST_SUITE_P(, cores, every_backend, backend_name);

TEST_P(cores, give_the_values_of_their_main_coroutines_in_order) {
    auto const before = open_descriptors();
    std::mutex mutex;
    std::set<std::thread::id> threads;
    auto const main = [&](siding::core core) -> siding::coroutine<std::size_t> {
        EXPECT_EQ(core.count(), 3u);
        EXPECT_EQ(&core.loop_of(core.index()), &siding::get_running_loop());
        {
            std::lock_guard const lock(mutex);
            threads.insert(std::this_thread::get_id());
        }
        co_await siding::sleep(0ns);
        co_return 10 * core.index();
    };
    EXPECT_EQ(siding::run_on_cores(3, main, options()), (std::vector<std::size_t>{0, 10, 20}));
    EXPECT_EQ(threads.size(), 3u);
    EXPECT_TRUE(threads.contains(std::this_thread::get_id()));
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(cores, stay_on_a_cpu_of_their_own) {
    auto const available = siding::available_cores();
    cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    auto const main = [](siding::core) -> siding::coroutine<int> {
        cpu_set_t now;
        EXPECT_EQ(::sched_getaffinity(0, sizeof now, &now), 0);
        EXPECT_EQ(CPU_COUNT(&now), 1);
        for (int cpu = 0; true; ++cpu) {
            if (CPU_ISSET(cpu, &now)) co_return cpu;
        }
    };
    auto const used = siding::run_on_cores(0, main, options());
    EXPECT_EQ(std::set<int>(used.begin(), used.end()).size(), available);
    cpu_set_t after;
    ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

siding::coroutine<> wait_for_ever() { co_await siding::sleep(siding::duration::max()); }

TEST_P(cores, are_stopped_by_the_first_exception_which_is_thrown) {
    std::atomic<int> cancelled = 0;
    auto const main = [&](siding::core core) -> siding::coroutine<> {
        if (core.index() == 1) throw std::runtime_error("no idea");
        try {
            co_await wait_for_ever();
        } catch (siding::cancelled_error const&) {
            ++cancelled;
            throw;
        }
    };
    try {
        siding::run_on_cores(3, main, options());
        ADD_FAILURE();
    } catch (std::runtime_error const& error) {
        EXPECT_STREQ(error.what(), "no idea");
    }
    EXPECT_EQ(cancelled, 2);
}

siding::coroutine<> count_one(std::atomic<int>* count) {
    ++*count;
    co_return;
}

/// Is cancelled when all main coroutines have ended, and still uses another loop then.
siding::coroutine<> clean_up_elsewhere(siding::core from, std::atomic<int>* cleaned) {
    std::exception_ptr end;
    try {
        co_await wait_for_ever();
    } catch (siding::cancelled_error const&) {
        end = std::current_exception();
    }
    auto& next = from.loop_of((from.index() + 1) % from.count());
    co_await siding::spawn_on(next, &count_one, cleaned);
    std::rethrow_exception(end);
}

TEST_P(cores, are_stopped_together) {
    std::atomic<int> cleaned = 0;
    auto const main = [&](siding::core core) -> siding::coroutine<int> {
        siding::create_task(clean_up_elsewhere(core, &cleaned));
        co_await siding::sleep(0ns);
        if (core.index() == 2) core.stop();
        co_await wait_for_ever();
        co_return 1;
    };
    EXPECT_TRUE(siding::run_on_cores(3, main, options()).empty());
    EXPECT_EQ(cleaned, 3);
}

TEST_P(cores, end_in_order_when_one_of_their_loops_is_stopped) {
    auto const main = [](siding::core core) -> siding::coroutine<> {
        if (core.index() == 1) siding::get_running_loop().stop();
        co_await wait_for_ever();
    };
    EXPECT_THROW(siding::run_on_cores(2, main, options()), siding::runtime_error);
}

TEST_P(cores, are_interrupted_by_a_signal) {
    for (bool const swallows : {false, true}) {
        auto const main = [swallows](siding::core core) -> siding::coroutine<> {
            if (core.index() == 0) std::raise(SIGINT);
            try {
                co_await wait_for_ever();
            } catch (siding::cancelled_error const&) {
                if (!swallows) throw;
            }
        };
        if (swallows) {
            siding::run_on_cores(2, main, options());
        } else {
            EXPECT_THROW(siding::run_on_cores(2, main, options()), siding::keyboard_interrupt);
        }
    }
}

TEST_P(cores, run_nothing_if_a_loop_cannot_be_made) {
    static std::atomic<int> made;
    made = 0;
    auto how = options();
    how.backend = [](siding::loop& of) -> std::unique_ptr<siding::detail::backend> {
        if (made++ == 1) throw std::system_error(EMFILE, std::generic_category(), "backend");
        return siding::detail::make_epoll_backend(of);
    };
    std::atomic<int> ran = 0;
    auto const main = [&](siding::core) -> siding::coroutine<> {
        ++ran;
        co_return;
    };
    EXPECT_THROW(siding::run_on_cores(3, main, how), std::system_error);
    EXPECT_EQ(ran, 0);
    auto const inside = [&]() -> siding::coroutine<> {
        EXPECT_THROW(siding::run_on_cores(1, main), siding::runtime_error);
        co_return;
    };
    siding::run(inside());
}

siding::coroutine<> greet(siding::stream_reader, siding::stream_writer writer) {
    writer.write("hello");
    writer.close();
    co_return;
}

siding::coroutine<std::string> dial(std::uint16_t port) {
    auto dialled = siding::open_connection("127.0.0.1", port);
    auto connection = co_await std::move(dialled);
    co_return co_await connection.first.read();
}

TEST_P(cores, serve_one_port_together) {
    constexpr int connections = 40;
    std::atomic<int> served = 0;
    siding::channel<std::uint16_t> opened(1);
    auto const main = [&](siding::core core) -> siding::coroutine<> {
        siding::server_options how;
        how.reuse_port = true;
        auto const serve = [&](siding::stream_reader reader,
                               siding::stream_writer writer) -> siding::coroutine<> {
            ++served;
            return greet(std::move(reader), std::move(writer));
        };
        if (core.index() != 0) { // the kernel chooses for the first, the others join it
            auto const known = co_await opened.receive();
            auto starting = siding::start_server(serve, "127.0.0.1", *known, how);
            auto const server = co_await std::move(starting);
            co_await server.serve_forever();
        }
        auto starting = siding::start_server(serve, "127.0.0.1", 0, how);
        auto const server = co_await std::move(starting);
        co_await opened.send(server.port());
        for (int i = 0; i < connections; ++i) {
            auto answer = dial(server.port());
            EXPECT_EQ(co_await std::move(answer), "hello");
        }
        server.close();
        core.stop();
    };
    siding::run_on_cores(2, main, options());
    EXPECT_EQ(served, connections);
}

TEST_P(cores, hand_accepted_connections_over) {
    auto const serve_on = [](siding::descriptor socket) -> siding::coroutine<std::thread::id> {
        auto both = siding::stream_of(std::move(socket));
        auto const asked = co_await both.first.readline();
        both.second.write("you said " + asked);
        co_await both.second.drain();
        co_return std::this_thread::get_id();
    };
    auto const main = [&](siding::core core) -> siding::coroutine<> {
        if (core.index() != 0) co_return;
        siding::descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        auto const any = siding::endpoint::ip("127.0.0.1", 0);
        EXPECT_EQ(::bind(listener.get(), any.data(), any.size()), 0);
        EXPECT_EQ(::listen(listener.get(), 8), 0);
        auto dialled = siding::open_connection("127.0.0.1",
                                               siding::endpoint::local_of(listener.get())->port());
        auto peer = co_await std::move(dialled);
        siding::descriptor accepted(co_await siding::accept(listener.get()));
        auto const serving = siding::spawn_on(core.loop_of(1), serve_on, std::move(accepted));
        peer.second.write("moved\n");
        auto answer = peer.first.readline();
        EXPECT_EQ(co_await std::move(answer), "you said moved\n");
        auto const by = co_await serving;
        EXPECT_NE(by, std::this_thread::get_id());
    };
    siding::run_on_cores(2, main, options());
}

siding::coroutine<> spawn_in_all_ways(siding::core core) {
    if (core.index() != 0) co_return;
    auto& there = core.loop_of(1);
    auto const add = [](int a, std::unique_ptr<int> b) -> siding::coroutine<int> {
        co_await siding::sleep(0ns);
        co_return a + *b;
    };
    auto const sum = siding::spawn_on(there, add, 1, std::make_unique<int>(2));
    EXPECT_EQ(co_await sum, 3);
    auto const here =
        siding::spawn_on(siding::get_running_loop(), add, 3, std::make_unique<int>(4));
    EXPECT_EQ(co_await here, 7);

    auto const failing = []() -> siding::coroutine<> {
        throw std::logic_error("over there");
        co_return;
    };
    auto const failed = siding::spawn_on(there, failing);
    EXPECT_THROW(co_await failed, std::logic_error);

    // A cancellation goes along; who asked does not wait for what becomes of it.
    siding::channel<std::string> ends(1);
    auto const waiting = [](siding::channel<std::string>* to) -> siding::coroutine<> {
        co_await to->send("began");
        std::string message;
        try {
            co_await wait_for_ever();
        } catch (siding::cancelled_error const& cancelled) {
            message = cancelled.message();
        }
        co_await to->send("cancelled: " + message);
    };
    auto const cancelled = siding::spawn_on(there, waiting, &ends);
    EXPECT_EQ(co_await ends.receive(), "began");
    cancelled.cancel("enough");
    EXPECT_THROW(co_await cancelled, siding::cancelled_error);
    EXPECT_EQ(co_await ends.receive(), "cancelled: enough");

    // At once: nothing has begun there.
    auto const never = siding::spawn_on(there, failing);
    never.cancel();
    EXPECT_THROW(co_await never, siding::cancelled_error);
}

TEST_P(cores, run_tasks_for_each_other) { siding::run_on_cores(2, spawn_in_all_ways, options()); }

TEST_P(cores, tell_who_waits_when_the_other_loop_ends) {
    std::promise<siding::loop*> made;
    std::promise<void> spawned;
    std::jthread const other([&] {
        siding::loop home;
        home.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        made.set_value(&home);
        spawned.get_future().wait();
        home.call_later(1ms, [&] { home.stop(); });
        home.run_forever(); // and closes with the task pending
    });
    auto const main = [&]() -> siding::coroutine<> {
        auto* const there = made.get_future().get();
        auto const pending = siding::spawn_on(*there, &wait_for_ever);
        co_await siding::sleep(0ns);
        spawned.set_value();
        EXPECT_THROW(co_await pending, siding::runtime_error);
    };
    run(main());
}

/// Many small calls at the same time, all of them answered.
siding::coroutine<int> call_around(siding::core core, int rounds) {
    auto const echo = [](int x) -> siding::coroutine<int> { co_return x; };
    int sum = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<siding::task<int>> calls;
        for (std::size_t to = 0; to < core.count(); ++to) {
            calls.push_back(siding::spawn_on(core.loop_of(to), echo, round));
        }
        auto const all = co_await siding::gather(calls);
        for (int const each : all) {
            sum += each - round;
        }
        if (round % 3 == 0) siding::spawn_on(core.loop_of(0), echo, round).cancel();
    }
    co_return sum;
}

TEST_P(cores, call_each_other_at_the_same_time) {
    auto const main = [](siding::core core) { return call_around(std::move(core), 200); };
    EXPECT_EQ(siding::run_on_cores(3, main, options()), (std::vector<int>{0, 0, 0}));
}

} // namespace
