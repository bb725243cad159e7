// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

using namespace siding_test;

namespace {

class streams : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, streams, every_backend, backend_name);

std::pair<siding::stream, siding::stream> connected_streams(std::size_t limit = 64 * 1024) {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    return {siding::stream_of(siding::descriptor(both[0]), limit),
            siding::stream_of(siding::descriptor(both[1]), limit)};
}

siding::coroutine<> drip(siding::stream_writer to, std::string bytes) {
    for (char const each : bytes) {
        to.write(std::string_view(&each, 1));
        co_await siding::sleep(0ns);
    }
    to.close();
}

siding::coroutine<> read_dripped(trace& saw) {
    auto [a, b] = connected_streams();
    auto const sender = siding::create_task(drip(a.second, "one\ntwo--threefourlast"));
    saw(co_await b.first.readline());
    saw(co_await b.first.readuntil("--"));
    saw(co_await b.first.readexactly(5));
    saw(co_await b.first.readexactly(4), b.first.at_eof());
    saw(co_await b.first.readline(), b.first.at_eof());
    saw(co_await b.first.readline(), co_await b.first.read(10), b.first.at_eof());
    co_await sender;
    co_await a.second.wait_closed();
}

TEST_P(streams, read_what_comes_byte_by_byte) {
    trace saw;
    run(read_dripped(saw));
    EXPECT_EQ(saw.lines(), (lines{"one\n", "two--", "three", "four0", "last1", "1"}));
}

siding::coroutine<> end_early(trace& saw) {
    auto [a, b] = connected_streams();
    a.second.write("abc");
    a.second.write_eof();
    try {
        static_cast<void>(co_await b.first.readexactly(5));
    } catch (siding::incomplete_read_error const& ended) {
        saw(ended.what(), "; ", ended.partial(), " of ", ended.expected().value());
    }
    b.second.write("still there");
    b.second.close();
    saw(co_await a.first.read());
    try {
        a.second.write("more");
    } catch (siding::runtime_error const& error) {
        saw(error.what());
    }
    try {
        static_cast<void>(co_await b.first.readuntil("x"));
    } catch (siding::incomplete_read_error const& ended) {
        saw(ended.what());
    }
}

TEST_P(streams, end_in_the_middle_or_one_half_at_a_time) {
    trace saw;
    run(end_early(saw));
    EXPECT_EQ(saw.lines(), (lines{"3 bytes read on a total of 5 expected bytes; abc of 5",
                                  "still there", "Cannot call write() after write_eof()",
                                  "0 bytes read on a total of undefined expected bytes"}));
}

siding::coroutine<> overrun(trace& saw) {
    auto [a, b] = connected_streams(8);
    a.second.write("0123456789abcdef\nshort\n");
    a.second.write_eof();
    try {
        static_cast<void>(co_await b.first.readuntil());
    } catch (siding::limit_overrun_error const& error) {
        saw(error.what(), ' ', error.consumed());
    }
    try {
        static_cast<void>(co_await b.first.readline());
    } catch (siding::value_error const& error) {
        saw(error.what());
    }
    saw(co_await b.first.readline());
    try {
        static_cast<void>(co_await b.first.readuntil(""));
    } catch (siding::value_error const& error) {
        saw(error.what());
    }
}

TEST_P(streams, have_a_limit_for_lines) {
    trace saw;
    run(overrun(saw));
    EXPECT_EQ(saw.lines(), (lines{"Separator is found, but chunk is longer than limit 16",
                                  "Separator is found, but chunk is longer than limit", "short\n",
                                  "Separator should be at least one-byte string"}));
}

siding::coroutine<> write_much(siding::stream_writer to, std::size_t blocks, std::size_t& most) {
    std::string const block(32 * 1024, 'x');
    for (std::size_t i = 0; i < blocks; ++i) {
        to.write(block);
        most = std::max(most, to.unsent_bytes());
        co_await to.drain();
    }
    to.close();
    co_await to.wait_closed();
}

siding::coroutine<std::size_t> hold_back(std::size_t& most) {
    auto [a, b] = connected_streams();
    auto const writer = siding::create_task(write_much(a.second, 200, most));
    for (int i = 0; i < 50; ++i) {
        co_await siding::sleep(0ns); // nobody reads: the writer comes to a halt
    }
    auto const all = co_await b.first.read();
    co_await writer;
    co_return all.size();
}

TEST_P(streams, hold_back_who_writes_faster_than_the_peer_reads) {
    std::size_t most = 0;
    EXPECT_EQ(run(hold_back(most)), 200u * 32 * 1024);
    EXPECT_GT(most, 64u * 1024);
    EXPECT_LT(most, 128u * 1024);
}

siding::coroutine<std::string> cancel_a_read() {
    auto [a, b] = connected_streams();
    auto const reader = siding::create_task(b.first.readexactly(6));
    a.second.write("abc");
    while (!reader.done()) {
        for (int i = 0; i < 5; ++i) {
            co_await siding::sleep(0ns);
        }
        reader.cancel();
        co_await siding::sleep(0ns);
    }
    a.second.write("def");
    a.second.close();
    co_return co_await b.first.readexactly(6);
}

TEST_P(streams, lose_nothing_when_a_read_is_cancelled) {
    EXPECT_EQ(run(cancel_a_read()), "abcdef");
}

siding::coroutine<> read_twice() {
    auto [a, b] = connected_streams();
    auto const first = siding::create_task(b.first.read(1));
    co_await siding::sleep(0ns);
    EXPECT_THROW(co_await b.first.readline(), siding::runtime_error);
    b.second.close(); // who waits gets the end of the stream
    EXPECT_EQ(co_await first, "");
    EXPECT_EQ(co_await a.first.read(), "");
}

TEST_P(streams, have_one_reader_at_a_time) { run(read_twice()); }

siding::coroutine<> write_to_nobody() {
    auto [a, b] = connected_streams();
    b.second.close();
    co_await b.second.wait_closed();
    int error = 0;
    for (int i = 0; i < 1000 && error == 0; ++i) {
        a.second.write("x");
        try {
            co_await a.second.drain();
        } catch (std::system_error const& failed) {
            error = failed.code().value();
        }
    }
    EXPECT_EQ(error, EPIPE);
    EXPECT_TRUE(a.second.is_closing());
    a.second.write("ignored");
    EXPECT_THROW(co_await a.second.wait_closed(), std::system_error);
}

TEST_P(streams, tell_the_writer_that_nobody_reads) { run(write_to_nobody()); }

siding::coroutine<> use_pipes(trace& saw) {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    auto writer = siding::connect_write_pipe(siding::descriptor(both[1]));
    {
        auto reader = siding::connect_read_pipe(siding::descriptor(both[0]));
        std::size_t most = 0;
        auto const sender = siding::create_task(write_much(writer, 10, most));
        auto const all = co_await reader.read();
        saw(all.size());
        co_await sender;
    }
    if (::pipe2(both, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
    auto unread = siding::connect_write_pipe(siding::descriptor(both[1]));
    ::close(both[0]);
    unread.write("x");
    try {
        co_await unread.drain();
    } catch (std::system_error const& failed) {
        saw(failed.code() == std::errc::broken_pipe);
    }
}

TEST_P(streams, read_and_write_pipes) {
    trace saw;
    run(use_pipes(saw));
    EXPECT_EQ(saw.lines(), (lines{"327680", "1"}));
}

siding::coroutine<> exchange_datagrams(trace& saw) {
    auto const loopback = siding::endpoint::ip("127.0.0.1", 0);
    siding::datagram_endpoint a({.local = loopback});
    siding::datagram_endpoint b({.local = loopback, .remote = a.local_address()});
    auto const cancelled = siding::create_task(a.receive());
    co_await siding::sleep(0ns);
    co_await b.send("first");
    cancelled.cancel();
    try {
        static_cast<void>(co_await cancelled);
        saw("not cancelled");
    } catch (siding::cancelled_error const&) {
    }
    co_await b.send(std::string(40'000, 'y'));
    auto const first = co_await a.receive();
    auto const second = co_await a.receive();
    saw(first.data, ' ', second.data.size(), ' ', first.from == b.local_address().value());
    co_await a.send_to("back", first.from);
    auto const back = co_await b.receive();
    saw(back.data);
    a.close();
    co_await b.send("to nobody");
    try {
        static_cast<void>(co_await b.receive());
    } catch (std::system_error const& failed) {
        saw(failed.code() == std::errc::connection_refused);
    }
    EXPECT_THROW(siding::datagram_endpoint({}), siding::value_error);
}

TEST_P(streams, datagrams_arrive_whole_or_tell_that_nobody_listens) {
    trace saw;
    run(exchange_datagrams(saw));
    EXPECT_EQ(saw.lines(), (lines{"first 40000 1", "back", "1"}));
}

siding::coroutine<> wait_for_room(int fd) { co_await siding::writable(fd); }

TEST_P(streams, a_wait_that_is_over_may_be_destroyed_before_its_task_goes_on) {
    int both[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    std::string block(1 << 20, 'x');
    ASSERT_GT(::send(both[0], block.data(), block.size(), MSG_NOSIGNAL), 0); // until it is full
    siding::loop_options options;
    if (GetParam() == "io_uring") options.backend = &siding::make_io_uring_backend;
    {
        siding::loop loop(std::move(options));
        loop.set_exception_handler([](siding::loop&, siding::exception_context const&) {});
        auto const waits = loop.create_task(wait_for_room(both[0]));
        loop.call_soon([&] { // the wait has begun
            while (::recv(both[1], block.data(), block.size(), MSG_DONTWAIT) > 0) {
            }
            static_cast<void>(siding::detail::core_of(loop).io().poll(std::chrono::nanoseconds(0)));
            EXPECT_EQ(siding::detail::core_of(loop).io().in_flight(), 0u)
                << "its event is not there yet";
            loop.stop(); // what was woken would run in the next turn, which does not come
        });
        loop.run_forever();
        EXPECT_FALSE(waits.done());
    }
    ::close(both[0]);
    ::close(both[1]);
}

siding::coroutine<> read_until_any_of(trace& saw) {
    auto [a, b] = connected_streams(16);
    auto const sender = siding::create_task(drip(a.second, "one\r\ntwo\nthree--fo-ur\r\rend"));
    std::vector<std::string> const separators{"--", "\r\n", "\n", "\r\r"};
    for (int i = 0; i < 4; ++i) {
        auto reading = b.first.readuntil_any(separators);
        auto const line = co_await std::move(reading);
        saw(line.size(), ' ', line.substr(0, line.size() - 1));
    }
    try {
        static_cast<void>(co_await b.first.readuntil_any(separators));
    } catch (siding::incomplete_read_error const& ended) {
        saw(ended.partial());
    }
    for (auto const& wrong : {std::vector<std::string>{}, std::vector<std::string>{"a", ""}}) {
        try {
            static_cast<void>(co_await b.first.readuntil_any(wrong));
        } catch (siding::value_error const& error) {
            saw(error.what());
        }
    }
    co_await sender;
    auto [c, d] = connected_streams(4);
    c.second.write("longer than the limit;");
    try {
        static_cast<void>(co_await d.first.readuntil_any(separators));
    } catch (siding::limit_overrun_error const& error) {
        saw(error.consumed(), ' ', error.what());
    }
}

/// CPython 3.13 gives the same for the same bytes.
TEST_P(streams, read_until_the_first_of_several_separators) {
    trace saw;
    run(read_until_any_of(saw));
    EXPECT_EQ(saw.lines(), (lines{"5 one\r", "4 two", "7 three-", "7 fo-ur\r", "end",
                                  "Separator should contain at least one element",
                                  "Separator should be at least one-byte string",
                                  "21 Separator is not found, and chunk exceed the limit"}));
}

} // namespace
