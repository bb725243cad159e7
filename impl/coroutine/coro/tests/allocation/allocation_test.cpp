// SPDX-License-Identifier: MIT
#include "failing_new.hpp"

#include "coro/io/io_uring.hpp"
#include "support.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <new>
#include <span>
#include <system_error>

using namespace coro_test;

namespace {

/// The first n after which the program did not notice that an allocation should fail.
template <class Program>
std::size_t fail_each_allocation(Program program) {
    std::size_t n = 1;
    bool failed = true;
    for (; failed; ++n) {
        auto const blocks = coro::live_blocks();
        auto const descriptors = open_descriptors();
        fail_allocation(n);
        try {
            program();
        } catch (std::bad_alloc const&) {
        } catch (std::system_error const& error) {
            EXPECT_EQ(error.code().value(), ENOMEM) << "allocation " << n << ": " << error.what();
        } catch (coro::exception_group const&) { // of a task group whose task found no memory
        }
        failed = allocations() >= n;
        fail_allocation(0);
        EXPECT_EQ(coro::live_blocks(), blocks) << "allocation " << n << " leaks a block";
        EXPECT_EQ(open_descriptors(), descriptors) << "allocation " << n << " leaks a descriptor";
        EXPECT_EQ(coro::loop::of_this_thread(), nullptr) << "allocation " << n;
        if (testing::Test::HasFailure()) break;
    }
    return n - 1;
}

/// Nobody is told on standard error what is expected here.
void be_quiet() {
    coro::get_running_loop().set_exception_handler(
        [](coro::loop&, coro::exception_context const&) {});
}

coro::coroutine<int> slow(int x) {
    co_await coro::sleep(1ms);
    co_return x;
}

coro::coroutine<> tasks_and_timers() {
    be_quiet();
    auto const one = coro::create_task(slow(1), "one");
    auto const both = co_await coro::gather(slow(2), slow(3));
    int called = 0;
    coro::get_running_loop().call_later(1ms, [&called] { ++called; });
    co_await coro::sleep(2ms);
    auto const first = co_await one;
    EXPECT_EQ(first + std::get<0>(both) + std::get<1>(both) + called, 7);
}

TEST(allocation, failure_in_tasks_and_timers_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { run_virtually(tasks_and_timers()); }), 3u);
}

coro::coroutine<> produce(coro::queue<int>& to) {
    for (int i = 0; i < 5; ++i) {
        co_await to.put(i);
    }
}

coro::coroutine<> queues() {
    be_quiet();
    coro::queue<int> between(2);
    auto const producer = coro::create_task(produce(between));
    int sum = 0;
    for (int i = 0; i < 5; ++i) {
        auto const taken = co_await between.get();
        sum += taken;
    }
    EXPECT_EQ(sum, 10);
    co_await producer;
}

/// A producer that finds no memory leaves its consumer waiting: that is for a scope to end.
coro::coroutine<> queues_in_time() {
    auto piece = coro::wait_for(queues(), 1s);
    co_await std::move(piece);
}

TEST(allocation, failure_in_queues_reaches_the_caller) {
    auto const program = [] {
        try {
            run_virtually(queues_in_time());
        } catch (coro::timeout_error const&) {
            throw std::bad_alloc();
        }
    };
    EXPECT_GT(fail_each_allocation(program), 3u);
}

coro::coroutine<> group_body(coro::task_group& group) {
    group.create_task(slow(1));
    auto const second = group.create_task(slow(2));
    auto const two = co_await second;
    EXPECT_EQ(two, 2);
}

coro::coroutine<> groups() {
    be_quiet();
    auto piece = coro::task_group::run(group_body);
    co_await std::move(piece);
    auto shielded = coro::shield(coro::create_task(slow(3)));
    auto const three = co_await shielded;
    EXPECT_EQ(three, 3);
}

TEST(allocation, failure_in_groups_and_shields_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { run_virtually(groups()); }), 3u);
}

coro::coroutine<> echo_once(int fd) {
    std::array<std::byte, 8> buffer;
    auto const count = co_await coro::recv(fd, buffer);
    co_await coro::send_all(fd, std::span(buffer).first(count));
}

coro::coroutine<> sockets() {
    be_quiet();
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    coro::descriptor const here(both[0]);
    coro::descriptor const there(both[1]);
    auto const server = coro::create_task(echo_once(there.get()));
    co_await coro::send_all(here.get(), std::as_bytes(std::span("hello")));
    std::array<std::byte, 8> answer;
    auto const count = co_await coro::recv(here.get(), answer);
    EXPECT_EQ(count, 6u);
    co_await server;
}

coro::coroutine<> sockets_in_time() {
    auto piece = coro::wait_for(sockets(), 200ms);
    try {
        co_await std::move(piece);
    } catch (coro::timeout_error const&) { // the server found no memory
        throw std::bad_alloc();
    }
}

TEST(allocation, failure_in_sockets_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { coro::run(sockets_in_time()); }), 3u);
}

TEST(allocation, failure_in_sockets_on_io_uring_reaches_the_caller) {
    if (auto const why = coro::why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
    auto const program = [] {
        coro::run(sockets_in_time(), {.backend = &coro::make_io_uring_backend});
    };
    EXPECT_GT(fail_each_allocation(program), 3u);
}

} // namespace
