// SPDX-License-Identifier: MIT
// Threads that cannot be started, memory that must not pile up, descriptors that others close.
#include "backends.hpp"
#include "siding/par/pool.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <span>
#include <system_error>
#include <thread>

using namespace siding_test;

namespace {

class resources : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, resources, every_backend, backend_name);

// -- Threads

/// From here on this process cannot start a thread; for a forked child, as it cannot be undone.
void allow_no_threads() {
    if (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) std::_Exit(3);
    rlimit const one{1, 1};
    if (::setrlimit(RLIMIT_NPROC, &one) != 0) std::_Exit(3);
}

siding::coroutine<int> in_thread(int value) {
    auto call = siding::to_thread([value] { return value; });
    co_return co_await std::move(call);
}

siding::coroutine<int> count_errors_without_threads() {
    allow_no_threads();
    int errors = 0;
    for (int i = 0; i < 3; ++i) {
        try {
            static_cast<void>(co_await in_thread(i));
        } catch (std::system_error const&) {
            ++errors;
        }
    }
    co_return errors;
}

siding::coroutine<int> sum_with_one_thread() {
    std::latch go_on(1);
    auto const first = siding::create_task(siding::to_thread([&go_on] {
        go_on.wait();
        return 1;
    }));
    co_await siding::sleep(1ms);
    allow_no_threads();
    std::vector<siding::task<int>> others; // for the one that there is
    for (int i = 0; i < 3; ++i) {
        others.push_back(siding::create_task(in_thread(10)));
    }
    co_await siding::sleep(1ms);
    go_on.count_down();
    int sum = co_await first;
    for (auto const& each : others) {
        sum += co_await each;
    }
    co_return sum;
}

TEST_P(resources, no_thread_at_all_is_an_error_of_the_call_and_run_returns) {
    EXPECT_EXIT(std::_Exit(run(count_errors_without_threads()) == 3 ? 0 : 1),
                testing::ExitedWithCode(0), "");
}

TEST_P(resources, fewer_threads_than_wanted_do_all_the_work) {
    EXPECT_EXIT(std::_Exit(run(sum_with_one_thread()) == 31 ? 0 : 1), testing::ExitedWithCode(0),
                "");
}

TEST_P(resources, a_pool_without_threads_is_an_error_of_its_constructor) {
    auto const make = [] {
        allow_no_threads();
        try {
            siding::par_pool const pool(2);
        } catch (std::system_error const&) {
            std::_Exit(0);
        }
        std::_Exit(1);
    };
    EXPECT_EXIT(make(), testing::ExitedWithCode(0), "");
}

// -- Memory

siding::coroutine<int> from_outside(int value) {
    co_await siding::sleep(0s);
    co_return value;
}

siding::coroutine<> until(siding::event& ended) { co_await ended.wait(); }

/// Coroutines that one thread makes and another ends: their frames must come back.
TEST_P(resources, calls_from_another_thread_keep_no_memory) {
    siding::loop* home = nullptr;
    siding::event ended;
    auto main = [](siding::loop*& in, siding::event& at_end) -> siding::coroutine<> {
        std::size_t early = 0;
        std::size_t late = 0;
        in = &siding::get_running_loop();
        std::jthread const other([&] {
            for (int round = 0; round < 300; ++round) {
                std::vector<std::future<int>> results;
                for (int i = 0; i < 1'000; ++i) {
                    results.push_back(siding::run_coroutine_threadsafe(from_outside(i), *in));
                }
                int sum = 0;
                for (auto& each : results) {
                    sum += each.get();
                }
                if (sum != 499'500) std::abort();
                if (round == 30) early = siding::detail::pool::reserved_bytes();
            }
            late = siding::detail::pool::reserved_bytes();
            in->call_soon_threadsafe([&at_end] { at_end.set(); });
        });
        co_await until(at_end);
        EXPECT_LE(late, early + 270'000 * 8) << "of 270,000 calls";
    };
    // In a thread of its own: what another thread has made is freed there, and counted so.
    std::thread([&] { run(main(home, ended)); }).join();
}

// -- Descriptors that are closed behind our back

siding::coroutine<std::size_t> receive(int fd) {
    std::array<std::byte, 8> buffer;
    auto const count = co_await siding::recv(fd, buffer);
    co_return count;
}

std::pair<int, int> socket_pair() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    return {both[0], both[1]};
}

/// A library closes a descriptor by close(2), and another gets its number.
siding::coroutine<> reuse_a_number() {
    auto const [old_here, old_there] = socket_pair();
    auto const waits = siding::create_task(receive(old_here));
    co_await siding::sleep(1ms);
    EXPECT_EQ(::write(old_there, "old", 3), 3);
    auto const first = co_await waits;
    EXPECT_EQ(first, 3u);
    ::close(old_here);
    ::close(old_there);

    auto const [here, there] = socket_pair();
    EXPECT_EQ(here, old_here) << "the kernel gives the lowest number";
    for (int round = 0; round < 2; ++round) { // what is there, and what comes later
        auto const again = siding::create_task(receive(here));
        if (round == 1) co_await siding::sleep(5ms);
        EXPECT_EQ(::write(there, "new!", 4), 4);
        auto limited = siding::wait_for(again, 20s);
        auto const second = co_await std::move(limited);
        EXPECT_EQ(second, 4u);
    }
    siding::close(here);
    ::close(there);
}

constexpr auto armed_on_file = "a receive that io_uring holds stays with the file, not the number";

TEST_P(resources, a_number_of_a_descriptor_that_others_closed_starts_anew) {
    if (GetParam() == "io_uring") GTEST_SKIP() << armed_on_file;
    run(reuse_a_number());
}

/// The same while somebody waits.
siding::coroutine<> reuse_a_number_that_is_waited_for() {
    auto const [old_here, old_there] = socket_pair();
    auto const waits = siding::create_task(receive(old_here));
    co_await siding::sleep(1ms);
    auto const [here, there] = socket_pair();
    EXPECT_EQ(::dup2(here, old_here), old_here); // closes the old one
    EXPECT_EQ(::write(there, "new!", 4), 4);
    auto limited = siding::wait_for(waits, 20s);
    auto const count = co_await std::move(limited);
    EXPECT_EQ(count, 4u);
    siding::close(old_here);
    for (auto const fd : {old_there, here, there}) {
        ::close(fd);
    }
}

TEST_P(resources, a_descriptor_that_others_replace_is_waited_for) {
    if (GetParam() == "io_uring") GTEST_SKIP() << armed_on_file;
    run(reuse_a_number_that_is_waited_for());
}

} // namespace
