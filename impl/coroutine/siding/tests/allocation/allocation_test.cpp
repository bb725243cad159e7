// SPDX-License-Identifier: MIT
#include "failing_new.hpp"

#include "siding/io/io_uring.hpp"
#include "support.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <new>
#include <span>
#include <system_error>

using namespace siding_test;

namespace {

/// The first n after which the program did not notice that an allocation should fail.
template <class Program>
std::size_t fail_each_allocation(Program program) {
    std::size_t n = 1;
    bool failed = true;
    for (; failed; ++n) {
        auto const blocks = siding::live_blocks();
        auto const descriptors = open_descriptors();
        fail_allocation(n);
        try {
            program();
        } catch (std::bad_alloc const&) {
        } catch (std::system_error const& error) {
            EXPECT_EQ(error.code().value(), ENOMEM) << "allocation " << n << ": " << error.what();
        } catch (siding::exception_group const&) { // of a task group whose task found no memory
        }
        failed = allocations() >= n;
        fail_allocation(0);
        EXPECT_EQ(siding::live_blocks(), blocks) << "allocation " << n << " leaks a block";
        EXPECT_EQ(open_descriptors(), descriptors) << "allocation " << n << " leaks a descriptor";
        EXPECT_EQ(siding::detail::loop_core::of_this_thread(), nullptr) << "allocation " << n;
        if (testing::Test::HasFailure()) break;
    }
    return n - 1;
}

/// What is expected here is not written to standard error.
void be_quiet() {
    siding::get_running_loop().set_exception_handler(
        [](siding::loop&, siding::exception_context const&) {});
}

siding::coroutine<int> slow(int x) {
    co_await siding::sleep(1ms);
    co_return x;
}

siding::coroutine<> tasks_and_timers() {
    be_quiet();
    auto const one = siding::create_task(slow(1), "one");
    auto const both = co_await siding::gather(slow(2), slow(3));
    int called = 0;
    siding::get_running_loop().call_later(1ms, [&called] { ++called; });
    co_await siding::sleep(2ms);
    auto const first = co_await one;
    EXPECT_EQ(first + std::get<0>(both) + std::get<1>(both) + called, 7);
}

TEST(allocation, failure_in_tasks_and_timers_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { run_virtually(tasks_and_timers()); }), 3u);
}

siding::coroutine<> produce(siding::queue<int>& to) {
    for (int i = 0; i < 5; ++i) {
        co_await to.put(i);
    }
}

siding::coroutine<> queues() {
    be_quiet();
    siding::queue<int> between(2);
    auto const producer = siding::create_task(produce(between));
    int sum = 0;
    for (int i = 0; i < 5; ++i) {
        auto const taken = co_await between.get();
        sum += taken;
    }
    EXPECT_EQ(sum, 10);
    co_await producer;
}

/// A producer that finds no memory leaves its consumer waiting: that is for a scope to end.
siding::coroutine<> queues_in_time() {
    auto piece = siding::wait_for(queues(), 1s);
    co_await std::move(piece);
}

TEST(allocation, failure_in_queues_reaches_the_caller) {
    auto const program = [] {
        try {
            run_virtually(queues_in_time());
        } catch (siding::timeout_error const&) {
            throw std::bad_alloc();
        }
    };
    EXPECT_GT(fail_each_allocation(program), 3u);
}

siding::coroutine<> group_body(siding::task_group& group) {
    group.create_task(slow(1));
    auto const second = group.create_task(slow(2));
    auto const two = co_await second;
    EXPECT_EQ(two, 2);
}

siding::coroutine<> groups() {
    be_quiet();
    auto piece = siding::task_group::run(group_body);
    co_await std::move(piece);
    auto shielded = siding::shield(siding::create_task(slow(3)));
    auto const three = co_await shielded;
    EXPECT_EQ(three, 3);
}

TEST(allocation, failure_in_groups_and_shields_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { run_virtually(groups()); }), 3u);
}

siding::coroutine<> echo_once(int fd) {
    std::array<std::byte, 8> buffer;
    auto const count = co_await siding::recv(fd, buffer);
    co_await siding::send_all(fd, std::span(buffer).first(count));
}

siding::coroutine<> sockets() {
    be_quiet();
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    siding::descriptor const here(both[0]);
    siding::descriptor const there(both[1]);
    auto const server = siding::create_task(echo_once(there.get()));
    co_await siding::send_all(here.get(), std::as_bytes(std::span("hello")));
    std::array<std::byte, 8> answer;
    auto const count = co_await siding::recv(here.get(), answer);
    EXPECT_EQ(count, 6u);
    co_await server;
}

siding::coroutine<> sockets_in_time() {
    auto piece = siding::wait_for(sockets(), 200ms);
    try {
        co_await std::move(piece);
    } catch (siding::timeout_error const&) { // the server found no memory
        throw std::bad_alloc();
    }
}

TEST(allocation, failure_in_sockets_reaches_the_caller) {
    EXPECT_GT(fail_each_allocation([] { siding::run(sockets_in_time()); }), 3u);
}

TEST(allocation, failure_in_sockets_on_io_uring_reaches_the_caller) {
    if (auto const why = siding::why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
    auto const program = [] {
        siding::run(sockets_in_time(), {.backend = &siding::make_io_uring_backend});
    };
    EXPECT_GT(fail_each_allocation(program), 3u);
}

} // namespace
