// SPDX-License-Identifier: MIT
// Every kind of system call fails, at every call in turn: nothing is lost, spins, hangs or leaks.
#include "backends.hpp"
#include "io_uring/backend.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

using namespace siding_test;

namespace {

enum class call : std::size_t { recv, send, accept, connect, wait, enter, socket, count };

/// What is injected into which call, and how many calls there were.
struct plan {
    call site = call::count;
    int error = 0;
    unsigned ordinal = 0; ///< the number of the call that fails
    bool always_short = false;
    std::array<unsigned, static_cast<std::size_t>(call::count)> calls{};
    bool was_met = false;

    /// True if this call is to fail; errno is set.
    [[nodiscard]] bool fails(call kind) noexcept {
        auto const number = ++calls[static_cast<std::size_t>(kind)];
        if (kind != site || number != ordinal) return false;
        was_met = true;
        errno = error;
        return true;
    }
};
plan now;

siding::sys::calls faulty() {
    auto calls = siding::sys::real();
    calls.recv = [](int fd, void* buffer, std::size_t bytes, int flags) -> ssize_t {
        return now.fails(call::recv) ? -1 : siding::sys::real().recv(fd, buffer, bytes, flags);
    };
    calls.send = [](int fd, void const* buffer, std::size_t bytes, int flags) -> ssize_t {
        auto const most = now.always_short ? std::min<std::size_t>(bytes, 7) : bytes;
        return now.fails(call::send) ? -1 : siding::sys::real().send(fd, buffer, most, flags);
    };
    calls.accept = [](int fd, sockaddr* address, socklen_t* length, int flags) {
        return now.fails(call::accept) ? -1
                                       : siding::sys::real().accept(fd, address, length, flags);
    };
    calls.connect = [](int fd, sockaddr const* address, socklen_t length) {
        return now.fails(call::connect) ? -1 : siding::sys::real().connect(fd, address, length);
    };
    calls.epoll_wait = [](int epoll, epoll_event* events, int, timespec const* timeout) {
        return now.fails(call::wait) ? -1
                                     : siding::sys::real().epoll_wait(epoll, events, 1, timeout);
    };
    calls.io_uring_enter = [](int ring, unsigned submit, unsigned least, unsigned flags,
                              void const* argument, std::size_t bytes) {
        return now.fails(call::enter) ? -1
                                      : siding::sys::real().io_uring_enter(ring, submit, least,
                                                                           flags, argument, bytes);
    };
    calls.socket = [](int domain, int type, int protocol) {
        return now.fails(call::socket) ? -1 : siding::sys::real().socket(domain, type, protocol);
    };
    return calls;
}

/// Answers each message with itself until the peer ends.
siding::coroutine<> echo(siding::stream_reader reader, siding::stream_writer writer) {
    while (true) {
        auto const line = co_await reader.readline();
        if (line.empty()) break;
        writer.write(line);
        co_await writer.drain();
    }
}

siding::coroutine<std::string> ask(std::uint16_t port, std::size_t bytes) {
    auto dial = siding::open_connection("127.0.0.1", port);
    auto [reader, writer] = co_await std::move(dial);
    writer.write(std::string(bytes, 'x') + "\n");
    co_await writer.drain();
    auto answer = co_await reader.readline();
    writer.close();
    co_return answer;
}

/// How many of three questions were answered in full; the others failed with an error.
siding::coroutine<int> ask_three() {
    siding::get_running_loop().set_exception_handler(
        [](siding::loop&, siding::exception_context const&) {});
    auto start = siding::start_server(echo);
    auto const server = co_await std::move(start);
    constexpr std::array<std::size_t, 3> sizes{1, 5'000, 60'000};
    int right = 0;
    for (auto const bytes : sizes) {
        auto const asked = siding::create_task(ask(server.port(), bytes));
        co_await siding::gather(siding::return_exceptions, asked);
        if (asked.exception() == nullptr && asked.result().size() == bytes + 1) ++right;
    }
    server.close();
    co_await server.wait_closed();
    co_return right;
}

class every_fault : public clean_test, public testing::WithParamInterface<std::string> {
protected:
    void SetUp() override {
        if (GetParam() != "epoll") {
            if (auto const why = siding::why_no_io_uring(); !why.empty()) GTEST_SKIP() << why;
        }
        clean_test::SetUp();
    }
    void TearDown() override {
        now = {};
        if (!IsSkipped()) clean_test::TearDown();
    }
    /// On virtual time: a server that is out of resources tries again after a second. Nullopt: not
    /// even the server could be started.
    std::optional<int> run(plan const& with) {
        now = with;
        auto const calls = faulty();
        siding::virtual_clock clock;
        siding::loop_options options;
        options.clock = &clock;
        if (GetParam() == "io_uring") options.backend = &siding::make_io_uring_backend;
        if (GetParam() == "io_uring_of_4_entries") {
            options.backend = [](siding::loop& owner) {
                return siding::detail::make_io_uring_backend(owner, {4, 4});
            };
        }
        siding::sys::replacement const here(calls);
        try {
            return siding::run(ask_three(), options);
        } catch (std::system_error const& error) {
            EXPECT_EQ(error.code().value(), with.error) << error.what();
            return std::nullopt;
        }
    }
    /// `error` at the first call, the second, and so on, until one run makes fewer calls. In each
    /// at most `may_fail` of the questions remain without an answer.
    void at_every_call(call site, int error, int may_fail) {
        for (unsigned ordinal = 1; ordinal < 1000; ++ordinal) {
            plan with;
            with.site = site;
            with.error = error;
            with.ordinal = ordinal;
            auto const right = run(with);
            SCOPED_TRACE(testing::Message()
                         << "call " << ordinal << ": " << std::system_category().message(error));
            if (right) {
                EXPECT_GE(*right, 3 - may_fail);
            } else {
                EXPECT_GT(may_fail, 0);
            }
            for (auto const calls : now.calls) {
                EXPECT_LT(calls, 1000u) << "it spins";
            }
            if (!now.was_met) return;
        }
        FAIL() << "there is no end of calls";
    }
};
INSTANTIATE_TEST_SUITE_P(, every_fault,
                         testing::Values("epoll", "io_uring", "io_uring_of_4_entries"),
                         backend_name);

TEST_P(every_fault, without_one_all_is_answered) { EXPECT_EQ(run({}), 3); }

TEST_P(every_fault, interruptions_are_not_noticed) {
    for (auto const site : {call::recv, call::send, call::wait, call::enter}) {
        at_every_call(site, EINTR, 0);
    }
    at_every_call(call::enter, EAGAIN, 0); // the kernel is short of memory for requests
    at_every_call(call::enter, EBUSY, 0);  // completions wait to be collected
}

TEST_P(every_fault, a_loop_that_cannot_wait_ends_by_that_error) {
    auto const site = GetParam() == "epoll" ? call::wait : call::enter;
    for (int const error : {EBADF, EFAULT, EINVAL, ENOSYS, EPERM}) {
        plan with;
        with.site = site;
        with.error = error;
        for (with.ordinal = 1; with.ordinal < 4; ++with.ordinal) {
            EXPECT_EQ(run(with), std::nullopt) << std::system_category().message(error);
            EXPECT_TRUE(now.was_met);
        }
    }
}

TEST_P(every_fault, short_writes_lose_nothing) {
    plan with;
    with.always_short = true;
    EXPECT_EQ(run(with), 3);
}

TEST_P(every_fault, broken_connections_break_no_other) {
    for (int const error : {ECONNRESET, EPIPE, ENOBUFS, ENOMEM}) {
        at_every_call(call::recv, error, 1);
        at_every_call(call::send, error, 1);
    }
    at_every_call(call::connect, ECONNREFUSED, 1);
    at_every_call(call::connect, ETIMEDOUT, 1);
}

TEST_P(every_fault, without_resources_a_server_waits_and_a_client_fails) {
    for (int const error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        at_every_call(call::accept, error, 0);
        at_every_call(call::socket, error, 1);
    }
    for (int const error : {ECONNABORTED, EPROTO, EPERM, ENETDOWN, ETIMEDOUT}) {
        at_every_call(call::accept, error, 0); // of the connection: the next one is accepted
    }
    for (int const error : {ENOSYS, EOPNOTSUPP, EACCES}) {
        at_every_call(call::accept, error, 0); // of accept itself: it waits, and does not spin
    }
}

} // namespace
