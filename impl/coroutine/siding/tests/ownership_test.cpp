// SPDX-License-Identifier: MIT
// In the wrong thread, loop or process: an error that says so, or what is documented.
#include "backends.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <span>
#include <stdexcept>
#include <thread>

using namespace siding_test;

namespace {

class ownership : public backend_test {
protected:
    [[nodiscard]] siding::loop_options options() const {
        siding::loop_options chosen;
        if (GetParam() == "io_uring") chosen.backend = &siding::make_io_uring_backend;
        return chosen;
    }
};
INSTANTIATE_TEST_SUITE_P(, ownership, every_backend, backend_name);

/// What a call threw; "" if nothing.
std::string error_of(std::function<void()> const& call) {
    try {
        call();
    } catch (siding::runtime_error const& error) {
        return error.what();
    }
    return "";
}

siding::coroutine<int> await_it(siding::future<int> f) {
    auto const value = co_await f;
    co_return value;
}

siding::coroutine<> touch_all(siding::future<int> foreign, siding::task<int> task, trace& t) {
    try {
        auto waiting = await_it(foreign);
        static_cast<void>(co_await std::move(waiting));
    } catch (siding::runtime_error const& error) {
        t(error.what());
    }
    auto const wrong = "a future or task is used in another loop, or thread, than its own";
    EXPECT_EQ(error_of([&] { foreign.set_result(1); }), wrong);
    EXPECT_EQ(error_of([&] { foreign.set_exception(std::runtime_error("x")); }), wrong);
    EXPECT_EQ(error_of([&] { foreign.cancel(); }), wrong);
    EXPECT_EQ(error_of([&] { foreign.add_done_callback([](siding::any_future const&) {}); }),
              wrong);
    EXPECT_EQ(error_of([&] { task.cancel(); }), wrong);
    try {
        static_cast<void>(co_await task);
    } catch (siding::runtime_error const& error) {
        t(error.what());
    }
    bool threw = false;
    try {
        static_cast<void>(co_await siding::gather(task));
    } catch (siding::runtime_error const&) {
        threw = true;
    }
    EXPECT_TRUE(threw);
}

siding::coroutine<int> sleep_long() { co_return co_await siding::sleep(1h, 1); }

TEST_P(ownership, of_a_future_by_another_loop_is_an_error_of_each_call) {
    siding::loop outer(options());
    auto const f = outer.create_future<int>();
    auto const task = outer.create_task(sleep_long());
    auto const callback = f.add_done_callback([](siding::any_future const&) {});
    trace t;
    siding::run(touch_all(f, task, t), options());
    EXPECT_EQ(t.lines(), (lines{"a task cannot await a future or task of another loop",
                                "a task cannot await a future or task of another loop"}));
    f.remove_done_callback(callback);
    task.cancel();
    outer.call_later(1ms, [&outer] { outer.stop(); });
    outer.run_forever();
}

TEST_P(ownership, of_a_loop_by_another_thread_is_an_error_of_each_call) {
    siding::loop loop(options());
    std::array<std::string, 4> errors;
    std::thread([&] {
        auto const never = [] {};
        errors[0] = error_of([&] { static_cast<void>(loop.create_task(sleep_long())); });
        errors[1] = error_of([&] { loop.call_soon(never); });
        errors[2] = error_of([&] { loop.call_later(1s, never); });
        errors[3] = error_of([&] { loop.run_forever(); });
    }).join();
    for (auto const& each : errors) {
        EXPECT_EQ(each, "Non-thread-safe operation invoked on an event loop of another thread: use "
                        "call_soon_threadsafe");
    }
}

siding::coroutine<> wait_for_lock(siding::lock& l) {
    auto const held = co_await l.scoped();
    co_await siding::sleep(1ms);
}

siding::coroutine<> share_lock(siding::lock& l, trace& t) {
    try {
        co_await l.acquire();
    } catch (siding::runtime_error const& error) {
        t(error.what());
    }
}

TEST_P(ownership, of_a_lock_by_two_loops_is_an_error_of_who_would_wait) {
    siding::loop outer(options());
    siding::lock l;
    auto const first = outer.create_task(wait_for_lock(l));
    auto const second = outer.create_task(wait_for_lock(l));
    outer.call_soon([&outer] { outer.call_soon([&outer] { outer.stop(); }); });
    outer.run_forever();
    trace t;
    siding::run(share_lock(l, t), options());
    EXPECT_EQ(t.lines(),
              lines{"a lock, event, queue or the like is awaited in another event loop"});
    outer.run_until_complete(static_cast<siding::future<>>(second));
    EXPECT_TRUE(first.done());
}

TEST_P(ownership, of_a_future_may_outlive_its_loop) {
    siding::future<int> left;
    siding::future<int> watched;
    {
        siding::loop loop(options());
        left = loop.create_future<int>();
        watched = loop.create_future<int>();
        watched.add_done_callback([](siding::any_future const&) { FAIL(); });
    }
    left.set_result(1);
    EXPECT_EQ(left.result(), 1);
    watched.cancel(); // who waited has gone with the loop
}

// -- A loop that ends before what it runs

siding::coroutine<> stop_in_the_clean_up() {
    bool cancelled = false;
    try {
        co_await siding::sleep(1h);
    } catch (siding::cancelled_error const&) {
        cancelled = true;
    }
    if (cancelled) siding::get_running_loop().stop();
    co_await siding::sleep(1h);
}

siding::coroutine<int> leave_one_that_stops(bool fails) {
    siding::get_running_loop().set_exception_handler(
        [](siding::loop&, siding::exception_context const&) {});
    siding::create_task(stop_in_the_clean_up());
    co_await siding::sleep(1ms);
    if (fails) throw std::logic_error("of main");
    co_return 1;
}

TEST_P(ownership, a_task_that_stops_the_loop_while_run_ends_it_is_an_error_of_run) {
    EXPECT_EQ(error_of([&] { run(leave_one_that_stops(false)); }),
              "Event loop stopped before Future completed.");
    EXPECT_THROW(run(leave_one_that_stops(true)), std::logic_error);
}

siding::coroutine<> stop_at_once() {
    siding::get_running_loop().stop();
    co_await siding::sleep(1h);
}

TEST_P(ownership, a_main_task_that_stops_the_loop_is_an_error_of_run) {
    EXPECT_EQ(error_of([&] { run(stop_at_once()); }),
              "Event loop stopped before Future completed.");
}

// -- A fork

siding::coroutine<> receive_one(int fd) {
    std::array<std::byte, 8> buffer;
    static_cast<void>(co_await siding::recv(fd, buffer));
}

/// What a child does that was forked inside of a loop; its exit status.
using child_main = siding::coroutine<> (*)();

siding::coroutine<> throw_in_child() { throw std::runtime_error("out of run"); }
siding::coroutine<> wait_in_child() { co_await siding::sleep(1ms); }
siding::coroutine<> receive_in_child() {
    std::array<std::byte, 8> buffer;
    static_cast<void>(co_await siding::recv(0, buffer));
}
siding::coroutine<> thread_in_child() {
    co_await siding::to_thread([] {});
}
siding::coroutine<> return_in_child() { co_return; }
siding::coroutine<> in_a_loop_of_its_own() { co_await siding::sleep(1ms); }
siding::coroutine<> run_in_child() {
    siding::run(in_a_loop_of_its_own());
    throw std::runtime_error("the child's own loop has run");
}

siding::coroutine<> fork_and_go_on(child_main in_child, pid_t& child) {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    siding::descriptor const here(both[0]);
    siding::descriptor const there(both[1]);
    auto const reader = siding::create_task(receive_one(here.get()));
    auto const other = siding::create_task(siding::to_thread([] { return 1; }));
    co_await other;
    co_await siding::sleep(1ms);
    child = ::fork();
    if (child == 0) {
        auto leaving = in_child();
        co_await std::move(leaving);
        co_return;
    }
    co_await siding::sleep(1ms);
    co_await siding::send_all(there.get(), std::as_bytes(std::span("x", 1)));
    auto received = siding::wait_for(reader, 10s);
    co_await std::move(received);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

struct fork_case {
    child_main in_child;
    std::string expected; ///< what `run` throws in the child; "": nothing
};

TEST_P(ownership, of_a_forked_child_is_a_loop_that_it_may_leave_but_not_use) {
    auto const forked = "the process was forked while the loop ran: its child cannot go on with "
                        "it, but can run a loop of its own";
    for (auto const& each : {
             fork_case{&throw_in_child, "out of run"},
             fork_case{&wait_in_child, forked},
             fork_case{&receive_in_child, forked},
             fork_case{&thread_in_child, "no running event loop"},
             fork_case{&return_in_child, ""},
             fork_case{&run_in_child, "the child's own loop has run"},
         }) {
        pid_t child = -1;
        std::string said;
        try {
            run(fork_and_go_on(each.in_child, child));
        } catch (std::exception const& error) {
            said = error.what();
        }
        // Not exit: what the test program does at its end belongs to the parent.
        if (child == 0) ::_exit(said == each.expected ? 0 : 1);
        EXPECT_EQ(said, "");
    }
}

} // namespace
