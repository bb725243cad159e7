// SPDX-License-Identifier: MIT
// Streams that are always full: the io_uring backend receives them in another way than messages,
// and must change between the two at any byte without a loss.
#include "backends.hpp"
#include "siding/sys.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <random>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

using namespace siding_test;

namespace {

class bulk : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, bulk, every_backend, backend_name);

std::pair<siding::descriptor, siding::descriptor> connected_pair() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    return {siding::descriptor(both[0]), siding::descriptor(both[1])};
}

/// The byte at each place of every stream here.
std::byte byte_at(std::size_t place) { return static_cast<std::byte>(place * 2654435761u >> 13u); }

siding::coroutine<> send(siding::descriptor to, std::size_t bytes, unsigned seed) {
    std::minstd_rand random(seed);
    std::vector<std::byte> piece;
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
        // Long ones with short ones after them, and a look at the others now and then.
        auto const most = random() % 3 == 0 ? std::size_t{700} : std::size_t{300'000};
        piece.resize(std::min(bytes - sent, 1 + random() % most));
        for (std::size_t i = 0; i < piece.size(); ++i) {
            piece[i] = byte_at(sent + i);
        }
        co_await siding::send_all(to.get(), piece);
        if (random() % 4 == 0) co_await siding::sleep(0ns);
    }
    to = siding::descriptor(); // the parameter lives as long as the task
}

siding::coroutine<std::size_t> receive_once(int from, std::span<std::byte> into) {
    co_return co_await siding::recv(from, into);
}

/// One receive, which may be cancelled before it has anything; nullopt then.
siding::coroutine<std::optional<std::size_t>> receive(int from, std::span<std::byte> into,
                                                      bool cancelled) {
    if (!cancelled) co_return co_await siding::recv(from, into);
    auto const receiving = siding::create_task(receive_once(from, into));
    co_await siding::sleep(0ns);
    receiving.cancel();
    try {
        co_return co_await receiving;
    } catch (siding::cancelled_error const&) {
        co_return std::nullopt;
    }
}

/// How many bytes came, all of them right.
siding::coroutine<std::size_t> receive_all(siding::descriptor from, unsigned seed) {
    std::minstd_rand random(seed);
    std::vector<std::byte> buffer(65'536);
    std::size_t received = 0;
    while (true) {
        auto const most = random() % 8 == 0 ? 1 + random() % 5'000 : buffer.size();
        auto const count =
            co_await receive(from.get(), std::span(buffer).first(most), random() % 8 == 0);
        if (!count) continue;
        if (*count == 0) co_return received;
        for (std::size_t i = 0; i < *count; ++i) {
            if (buffer[i] != byte_at(received + i)) {
                ADD_FAILURE() << "byte " << received + i << " of seed " << seed << " is another";
                co_return received;
            }
        }
        received += *count;
    }
}

siding::coroutine<std::size_t> pump(std::size_t bytes, unsigned seed) {
    auto [a, b] = connected_pair();
    auto const sending = siding::create_task(send(std::move(a), bytes, seed));
    auto const received = co_await receive_all(std::move(b), seed + 1);
    co_await sending;
    co_return received;
}

TEST_P(bulk, comes_whole_whatever_the_pieces_and_cancellations) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        EXPECT_EQ(run(pump(4'000'000, seed)), 4'000'000u);
    }
}

siding::coroutine<> send_for_ever(int to) {
    std::vector<std::byte> const piece(200'000);
    while (true) {
        co_await siding::send_all(to, piece);
    }
}
siding::coroutine<> receive_for_ever(int from) {
    std::vector<std::byte> buffer(65'536);
    while (true) {
        static_cast<void>(co_await siding::recv(from, buffer));
    }
}
/// A stream that is always full, and how often it was read from.
thread_local int endless = -1;
thread_local std::size_t endless_reads = 0;

siding::sys::calls with_an_endless_stream() {
    auto calls = siding::sys::real();
    calls.recv = [](int fd, void* buffer, std::size_t bytes, int flags) {
        if (fd != endless) return siding::sys::real().recv(fd, buffer, bytes, flags);
        ++endless_reads;
        return static_cast<ssize_t>(bytes);
    };
    return calls;
}

constexpr std::size_t far_too_often = 100'000;

siding::coroutine<> receive_too_much(int from) {
    std::vector<std::byte> buffer(65'536);
    while (endless_reads < far_too_often) {
        static_cast<void>(co_await siding::recv(from, buffer));
    }
}
siding::coroutine<int> ping_beside_a_stream() {
    auto [a, b] = connected_pair();
    auto [ping, pong] = connected_pair();
    endless = b.get();
    endless_reads = 0;
    co_await siding::send_all(a.get(), std::vector<std::byte>(150'000)); // so that bulk begins
    auto const receiving = siding::create_task(receive_too_much(b.get()));
    int answered = 0;
    std::byte byte{};
    for (; answered < 200 && endless_reads < far_too_often; ++answered) {
        co_await siding::send_all(ping.get(), std::span(&byte, 1));
        if (co_await siding::recv(pong.get(), std::span(&byte, 1)) != 1) break;
        // There is always something, although `recv` takes nothing away.
        static_cast<void>(::send(a.get(), &byte, 1, MSG_DONTWAIT));
    }
    receiving.cancel();
    auto const tasks = {receiving};
    static_cast<void>(co_await siding::wait(tasks));
    co_return answered;
}

TEST_P(bulk, does_not_keep_the_loop_for_itself) {
    auto const calls = with_an_endless_stream();
    siding::sys::replacement const here(calls);
    EXPECT_EQ(run(ping_beside_a_stream()), 200);
    EXPECT_GT(endless_reads, 0u);
    EXPECT_LT(endless_reads, far_too_often);
}

siding::coroutine<> close_under_way() {
    for (int turns = 0; turns < 40; ++turns) {
        auto [a, b] = connected_pair();
        auto const sending = siding::create_task(send_for_ever(a.get()));
        auto const receiving = siding::create_task(receive_for_ever(b.get()));
        for (int i = 0; i < turns; ++i) {
            co_await siding::sleep(0ns);
        }
        sending.cancel();
        receiving.cancel();
        auto const both = {sending, receiving};
        static_cast<void>(co_await siding::wait(both));
        // The next pair has the same numbers, and nothing of the old streams.
    }
    EXPECT_EQ(co_await pump(100'000, 1), 100'000u);
}

TEST_P(bulk, leaves_nothing_to_the_next_of_its_number) { run(close_under_way()); }

thread_local std::size_t large_receives = 0;

TEST(bulk_receives, go_into_the_readers_buffer_where_messages_do_not) {
    if (auto const why = siding::why_no_io_uring(); !why.empty()) {
        GTEST_SKIP() << "io_uring cannot be used here: " << why;
    }
    auto calls = siding::sys::real();
    calls.recv = [](int fd, void* buffer, std::size_t bytes, int flags) {
        auto const count = siding::sys::real().recv(fd, buffer, bytes, flags);
        if (count >= 16'384) ++large_receives;
        return count;
    };
    siding::sys::replacement const counted(calls);
    large_receives = 0;
    siding::run(pump(8'000'000, 3), {.backend = &siding::make_io_uring_backend});
    EXPECT_GT(large_receives, 50u);
}

} // namespace
