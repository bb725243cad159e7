// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>

using namespace coro_test;

namespace {

class servers : public backend_test {
protected:
    /// On virtual time, so that the second after which a server tries again costs none.
    template <class T>
    T run_at_once(coro::coroutine<T> main) {
        coro::virtual_clock clock;
        coro::loop_options options;
        options.clock = &clock;
        if (GetParam() == "io_uring") options.backend = &coro::make_io_uring_backend;
        return coro::run(std::move(main), options);
    }
};
INSTANTIATE_TEST_SUITE_P(, servers, every_backend, backend_name);

coro::coroutine<> shout(coro::stream_reader reader, coro::stream_writer writer) {
    while (true) {
        auto const line = co_await reader.readline();
        if (line.empty()) break;
        writer.write(line.substr(0, line.size() - 1) + "!\n");
        co_await writer.drain();
    }
    writer.close();
}

coro::coroutine<std::string> say(coro::stream with, std::string what) {
    with.second.write(what + "\n");
    with.second.write_eof();
    co_return co_await with.first.read();
}

coro::coroutine<> serve_some(trace& saw) {
    auto started = coro::start_server(shout);
    auto const server = co_await std::move(started);
    EXPECT_TRUE(server.is_serving());
    EXPECT_EQ(server.addresses().front().host(), "127.0.0.1");
    auto dialled = coro::open_connection("127.0.0.1", server.port());
    auto idle = co_await std::move(dialled);
    EXPECT_EQ(idle.second.peer_address()->port(), server.port());
    for (std::string const what : {"one", "two", "three"}) {
        auto dial = coro::open_connection("localhost", server.port());
        auto connection = co_await std::move(dial);
        auto answer = say(std::move(connection), what);
        saw(co_await std::move(answer));
    }
    auto const port = server.port();
    server.close();
    EXPECT_FALSE(server.is_serving());
    auto const closed = coro::create_task(server.wait_closed());
    co_await coro::sleep(0ns);
    saw(closed.done()); // a connection is still open
    auto last = say(std::move(idle), "last");
    saw(co_await std::move(last));
    co_await closed;
    try {
        auto refused = coro::open_connection("127.0.0.1", port);
        static_cast<void>(co_await std::move(refused));
    } catch (std::system_error const& failed) {
        saw(failed.code() == std::errc::connection_refused);
    }
}

TEST_P(servers, serve_until_closed_and_their_connections_to_the_end) {
    trace saw;
    run(serve_some(saw));
    EXPECT_EQ(saw.lines(), (lines{"one!\n", "two!\n", "three!\n", "0", "last!\n", "1"}));
}

coro::coroutine<> fail_to_serve(coro::stream_reader reader, coro::stream_writer) {
    static_cast<void>(co_await reader.readline());
    throw std::logic_error("no idea");
}

coro::coroutine<> meet_a_failing_handler(trace& saw) {
    coro::get_running_loop().set_exception_handler(
        [&](coro::loop&, coro::exception_context const& what) { saw(what.message); });
    auto started = coro::start_server(fail_to_serve);
    auto const server = co_await std::move(started);
    auto dial = coro::open_connection("127.0.0.1", server.port());
    auto connection = co_await std::move(dial);
    auto answer = say(std::move(connection), "x");
    saw('"', co_await std::move(answer), '"');
    server.close();
    co_await server.wait_closed();
}

TEST_P(servers, report_what_a_handler_throws_and_close_its_connection) {
    trace saw;
    run(meet_a_failing_handler(saw));
    EXPECT_EQ(saw.lines(), (lines{"Unhandled exception in client_connected_cb", "\"\""}));
}

coro::coroutine<> reset_in_the_middle(trace& saw) {
    coro::event reading;
    auto serving = [&](coro::stream_reader reader,
                       coro::stream_writer writer) -> coro::coroutine<> {
        reading.set();
        try {
            while (true) {
                auto const line = co_await reader.readline();
                if (line.empty()) break;
                writer.write(line);
            }
            saw("end");
        } catch (std::system_error const& failed) {
            saw(failed.code() == std::errc::connection_reset);
        }
    };
    auto started = coro::start_server(serving);
    auto const server = co_await std::move(started);
    {
        coro::descriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        auto const at = server.addresses().front();
        co_await coro::connect(peer.get(), at.data(), at.size());
        co_await coro::send_all(peer.get(), std::as_bytes(std::span("half a li", 9)));
        co_await reading.wait();
        linger const reset{1, 0};
        ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    server.close();
    co_await server.wait_closed();
}

TEST_P(servers, survive_a_peer_that_resets) {
    trace saw;
    run(reset_in_the_middle(saw));
    EXPECT_EQ(saw.lines(), (lines{"1"}));
}

/// Lets this process open no further descriptor as long as it lives.
class no_descriptors {
public:
    no_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        // The lowest free number is the first that must not be given.
        int const free = ::dup(0);
        ::close(free);
        auto now = before_;
        now.rlim_cur = static_cast<rlim_t>(free);
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    no_descriptors(no_descriptors const&) = delete;
    no_descriptors& operator=(no_descriptors const&) = delete;
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

coro::coroutine<> run_out_of_descriptors(int& reports) {
    std::optional<no_descriptors> none;
    coro::get_running_loop().set_exception_handler(
        [&](coro::loop&, coro::exception_context const& what) {
            EXPECT_EQ(what.message, "socket.accept() out of system resource");
            if (++reports == 3) none.reset();
        });
    auto started = coro::start_server(shout);
    auto const server = co_await std::move(started);
    coro::descriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    auto const at = server.addresses().front();
    none.emplace();
    co_await coro::connect(peer.get(), at.data(), at.size());
    auto const before = coro::get_running_loop().time();
    co_await coro::send_all(peer.get(), std::as_bytes(std::span("x\n", 2)));
    std::array<std::byte, 8> answer{};
    EXPECT_EQ(co_await coro::recv(peer.get(), answer), 3u);
    // A second between two attempts: it does not spin.
    EXPECT_GE(coro::get_running_loop().time() - before, 2s);
    peer.reset();
    server.close();
    co_await server.wait_closed();
}

TEST_P(servers, wait_and_try_again_when_descriptors_run_out) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at memory through a pipe, and finds no "
                    "descriptor for it";
#endif
    int reports = 0;
    run_at_once(run_out_of_descriptors(reports));
    EXPECT_EQ(reports, 3);
}

coro::coroutine<> serve_at_a_path(std::string path, trace& saw) {
    { // what a server that died left behind
        coro::descriptor stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto const at = coro::endpoint::path(path);
        EXPECT_EQ(::bind(stale.get(), at.data(), at.size()), 0);
    }
    for (std::string const& where : {path, std::string("\0coro-test-", 11) + path}) {
        auto started = coro::start_unix_server(shout, where);
        auto const server = co_await std::move(started);
        auto dial = coro::open_unix_connection(where);
        auto connection = co_await std::move(dial);
        auto answer = say(std::move(connection), "hello");
        saw(co_await std::move(answer), std::filesystem::exists(path));
        server.close();
        co_await server.wait_closed();
        saw(std::filesystem::exists(path));
    }
}

TEST_P(servers, listen_at_paths) {
    std::string folder = std::filesystem::temp_directory_path() / "coro-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    trace saw;
    run(serve_at_a_path(folder + "/socket", saw));
    std::filesystem::remove_all(folder);
    EXPECT_EQ(saw.lines(), (lines{"hello!\n1", "0", "hello!\n0", "0"}));
    EXPECT_THROW(static_cast<void>(coro::endpoint::path(std::string(200, 'x'))), coro::value_error);
}

coro::coroutine<> serve_until_cancelled() {
    auto started = coro::start_server(shout);
    auto const server = co_await std::move(started);
    auto const forever = coro::create_task(server.serve_forever());
    co_await coro::sleep(0ns);
    forever.cancel();
    EXPECT_THROW(co_await forever, coro::cancelled_error);
    EXPECT_FALSE(server.is_serving());
    co_await server.wait_closed();
    EXPECT_THROW(co_await server.serve_forever(), coro::runtime_error);
}

TEST_P(servers, stop_serving_for_ever_when_cancelled) { run(serve_until_cancelled()); }

coro::coroutine<> look_up(trace& saw) {
    auto number = coro::getaddrinfo("127.0.0.1", "80");
    auto const numeric = co_await std::move(number);
    saw(numeric.front().host(), ' ', numeric.front().port());
    coro::resolution_options four;
    four.family = AF_INET;
    auto name = coro::getaddrinfo("localhost", "80", four);
    auto const local = co_await std::move(name);
    saw(local.front().host());
    try {
        auto nothing = coro::getaddrinfo("127.0.0.1", "no such service");
        static_cast<void>(co_await std::move(nothing));
    } catch (coro::resolution_error const& error) {
        saw(error.code() == EAI_SERVICE);
    }
}

TEST_P(servers, names_are_looked_up_off_the_loop) {
    trace saw;
    run(look_up(saw));
    EXPECT_EQ(saw.lines(), (lines{"127.0.0.1 80", "127.0.0.1", "1"}));
}

} // namespace
