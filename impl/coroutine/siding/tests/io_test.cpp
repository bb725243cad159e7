// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

using namespace siding_test;

namespace {

class io : public clean_test {};
class faults : public clean_test {};

std::pair<siding::descriptor, siding::descriptor> connected_pair() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    return {siding::descriptor(both[0]), siding::descriptor(both[1])};
}

siding::descriptor listener(sockaddr_in& address) {
    siding::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(made.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(made.get(), 8), 0);
    EXPECT_EQ(::getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    return made;
}

siding::coroutine<> echo(siding::descriptor connection) {
    std::array<std::byte, 4096> buffer;
    while (true) {
        auto const count = co_await siding::recv(connection.get(), buffer);
        if (count == 0) break;
        co_await siding::send_all(connection.get(), std::span(buffer).first(count));
    }
}

siding::coroutine<std::string> ask(sockaddr_in address, std::string question) {
    siding::descriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    co_await siding::connect(connection.get(), reinterpret_cast<sockaddr const*>(&address),
                             sizeof address);
    co_await siding::send_all(connection.get(), std::as_bytes(std::span(question)));
    std::string answer(question.size(), '\0');
    for (auto left = std::as_writable_bytes(std::span(answer)); !left.empty();) {
        auto const count = co_await siding::recv(connection.get(), left);
        if (count == 0) break;
        left = left.subspan(count);
    }
    co_return answer;
}

siding::coroutine<> serve_two(std::string& a, std::string& b) {
    sockaddr_in address{};
    auto const listening = listener(address);
    auto const serve = [](int fd) -> siding::coroutine<> {
        for (int i = 0; i < 2; ++i) {
            siding::descriptor connection(co_await siding::accept(fd));
            siding::create_task(echo(std::move(connection)));
        }
    };
    auto const server = siding::create_task(serve(listening.get()));
    std::tie(a, b) =
        co_await siding::gather(ask(address, std::string(1'000'000, 'x')), ask(address, "hello"));
    co_await server;
}

TEST_F(io, echo_over_tcp_with_partial_sends) {
    std::string a;
    std::string b;
    siding::run(serve_two(a, b));
    EXPECT_EQ(a, std::string(1'000'000, 'x'));
    EXPECT_EQ(b, "hello");
}

siding::coroutine<> refused() {
    sockaddr_in address{};
    listener(address).reset();
    auto const failed = siding::create_task(ask(address, "x"));
    co_await siding::gather(siding::return_exceptions, failed);
    try {
        static_cast<void>(failed.result());
        ADD_FAILURE() << "connected to nobody";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), ECONNREFUSED);
    }
}

TEST_F(io, refused_connection_is_an_error) { siding::run(refused()); }

siding::coroutine<std::size_t> receive(int fd) {
    std::array<std::byte, 16> buffer;
    auto const count = co_await siding::recv(fd, buffer);
    co_return count;
}

siding::coroutine<> cancel_and_receive_again() {
    auto const [here, there] = connected_pair();
    auto const first = siding::create_task(receive(here.get()));
    co_await siding::sleep(0s);
    first.cancel();
    co_await siding::gather(siding::return_exceptions, first);
    EXPECT_TRUE(first.cancelled());
    auto const second = siding::create_task(receive(here.get()));
    co_await siding::sleep(0s);
    EXPECT_EQ(::send(there.get(), "abc", 3, 0), 3);
    auto const count = co_await second;
    EXPECT_EQ(count, 3u);
}

TEST_F(io, a_cancelled_receive_takes_nothing) { siding::run(cancel_and_receive_again()); }

siding::coroutine<> two_readers() {
    auto [here, there] = connected_pair();
    auto const first = siding::create_task(receive(here.get()));
    auto const second = siding::create_task(receive(here.get()));
    co_await siding::gather(siding::return_exceptions, second);
    EXPECT_THROW(static_cast<void>(second.result()), std::system_error);
    here.reset(); // closing ends the wait of the first
    co_await siding::gather(siding::return_exceptions, first);
    EXPECT_THROW(static_cast<void>(first.result()), std::system_error);
}

TEST_F(io, a_second_reader_and_a_closed_descriptor_are_errors) { siding::run(two_readers()); }

siding::coroutine<> no_descriptor() {
    auto const waits = siding::create_task(receive(-1));
    co_await siding::gather(siding::return_exceptions, waits);
    try {
        static_cast<void>(waits.result());
        ADD_FAILURE() << "received from no descriptor";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), EBADF);
    }
}

TEST_F(io, what_is_no_descriptor_is_an_error) { siding::run(no_descriptor()); }

siding::coroutine<> reuse_of_a_number() {
    for (int i = 0; i < 100; ++i) {
        auto [here, there] = connected_pair();
        auto const waits = siding::create_task(receive(here.get()));
        co_await siding::sleep(0s);
        co_await siding::send_all(there.get(), std::as_bytes(std::span("x", 1)));
        auto const count = co_await waits;
        EXPECT_EQ(count, 1u);
    }
}

TEST_F(io, a_descriptor_number_that_is_used_again_starts_anew) { siding::run(reuse_of_a_number()); }

siding::coroutine<> pipes() {
    int both[2];
    EXPECT_EQ(::pipe2(both, O_NONBLOCK | O_CLOEXEC), 0);
    siding::descriptor const from(both[0]);
    siding::descriptor to(both[1]);
    std::vector<std::byte> const sent(300'000, std::byte{7});
    auto const write = [](siding::descriptor& fd,
                          std::vector<std::byte> const& bytes) -> siding::coroutine<> {
        co_await siding::write_all(fd.get(), bytes);
        fd.reset();
    };
    auto const writer = siding::create_task(write(to, sent));
    co_await siding::readable(from.get());
    std::vector<std::byte> received;
    std::array<std::byte, 4096> buffer;
    std::size_t count = 0;
    do {
        count = co_await siding::read(from.get(), buffer);
        received.insert(received.end(), buffer.begin(), buffer.begin() + static_cast<long>(count));
    } while (count != 0);
    co_await writer;
    EXPECT_EQ(received, sent);
}

TEST_F(io, pipes_carry_more_than_they_hold) { siding::run(pipes()); }

siding::coroutine<> broken_pipe() {
    auto [here, there] = connected_pair();
    there.reset();
    co_await siding::send_all(here.get(), std::as_bytes(std::span("x", 1)));
}

TEST_F(io, writing_to_a_peer_that_left_is_an_error_not_a_signal) {
    EXPECT_THROW(siding::run(broken_pipe()), std::system_error);
}

/// Calls that are interrupted, and sends of one byte. (A receive that is short although there is
/// more is nothing that the kernel does: the backend relies on it.)
int step = 0;
ssize_t faulty_recv(int fd, void* buffer, std::size_t bytes, int flags) {
    if (++step % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    return ::recv(fd, buffer, bytes, flags);
}
ssize_t faulty_send(int fd, void const* buffer, std::size_t bytes, int flags) {
    switch (++step % 3) {
    case 0:
        errno = EINTR;
        return -1;
    case 1:
        return ::send(fd, buffer, std::min<std::size_t>(bytes, 1), flags);
    default:
        return ::send(fd, buffer, bytes, flags);
    }
}
int faulty_wait(int epoll, epoll_event* events, int, timespec const* timeout) {
    if (++step % 5 == 0) {
        errno = EINTR;
        return -1;
    }
    return ::epoll_pwait2(epoll, events, 1, timeout, nullptr);
}

TEST_F(faults, interrupted_and_short_calls_lose_nothing) {
    auto calls = siding::sys::real();
    calls.recv = faulty_recv;
    calls.send = faulty_send;
    calls.epoll_wait = faulty_wait;
    siding::sys::replacement const here(calls);
    std::string a;
    std::string b;
    siding::run(serve_two(a, b));
    EXPECT_EQ(a, std::string(1'000'000, 'x'));
    EXPECT_EQ(b, "hello");
}

/// Reads what is there byte by byte; the first read lets another task go on, which waits for a
/// byte. Returns how many reads came before that other task did.
siding::coroutine<int> reads_before_the_other() {
    constexpr int bytes = 1'000;
    auto const [full, filler] = connected_pair();
    auto const [waits, waker] = connected_pair();
    std::string const filling(bytes, 'x');
    co_await siding::send_all(filler.get(), std::as_bytes(std::span(filling)));
    int reads = 0;
    int before = -1;
    auto const wait = [&]() -> siding::coroutine<> {
        std::array<std::byte, 1> byte;
        co_await siding::recv(waits.get(), byte);
        before = reads;
    };
    auto const other = siding::create_task(wait());
    co_await siding::sleep(0s); // it waits
    std::array<std::byte, 1> byte{};
    while (reads < bytes) {
        co_await siding::recv(full.get(), byte);
        if (reads++ == 0) co_await siding::send_all(waker.get(), byte);
    }
    co_await other;
    co_return before;
}

TEST_F(io, a_stream_that_is_always_ready_lets_others_in) {
    EXPECT_LE(siding::run(reads_before_the_other()), 64);
}

siding::coroutine<int> read_a_file(int fd) {
    std::array<std::byte, 1> byte;
    int reads = 0;
    while (co_await siding::read(fd, byte) == 1) {
        ++reads;
    }
    co_return reads;
}

TEST_F(io, a_regular_file_is_always_ready) {
    siding::descriptor const file(::memfd_create("bytes", MFD_CLOEXEC));
    std::string const bytes(200, 'x');
    ASSERT_EQ(::pwrite(file.get(), bytes.data(), bytes.size(), 0), 200);
    EXPECT_EQ(siding::run(read_a_file(file.get())), 200);
}

TEST_F(faults, a_loop_that_cannot_be_made_leaks_nothing) {
    auto calls = siding::sys::real();
    calls.eventfd = [](unsigned, int) -> int {
        errno = EMFILE;
        return -1;
    };
    siding::sys::replacement const here(calls);
    EXPECT_THROW(siding::loop(), std::system_error);
    EXPECT_EQ(siding::detail::loop_core::of_this_thread(), nullptr);
}

siding::coroutine<> accept_fails() {
    sockaddr_in address{};
    auto const listening = listener(address);
    co_await siding::accept(listening.get());
}

TEST_F(faults, no_descriptors_left_is_an_error_of_accept) {
    auto calls = siding::sys::real();
    calls.accept = [](int, sockaddr*, socklen_t*, int) -> int {
        errno = EMFILE;
        return -1;
    };
    siding::sys::replacement const here(calls);
    EXPECT_THROW(siding::run(accept_fails()), std::system_error);
}

} // namespace
