// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>

using namespace siding_test;

namespace {

class servers : public backend_test {
protected:
    /// On virtual time, so that the second after which a server tries again costs none.
    template <class T>
    T run_at_once(siding::coroutine<T> main) {
        siding::virtual_clock clock;
        siding::loop_options options;
        options.clock = &clock;
        if (GetParam() == "io_uring") options.backend = &siding::make_io_uring_backend;
        return siding::run(std::move(main), options);
    }
};
INSTANTIATE_TEST_SUITE_P(, servers, every_backend, backend_name);

siding::coroutine<> shout(siding::stream_reader reader, siding::stream_writer writer) {
    while (true) {
        auto const line = co_await reader.readline();
        if (line.empty()) break;
        writer.write(line.substr(0, line.size() - 1) + "!\n");
        co_await writer.drain();
    }
    writer.close();
}

siding::coroutine<std::string> say(siding::stream with, std::string text) {
    with.second.write(text + "\n");
    with.second.write_eof();
    co_return co_await with.first.read();
}

siding::coroutine<> serve_some(trace& saw) {
    auto started = siding::start_server(shout);
    auto const server = co_await std::move(started);
    EXPECT_TRUE(server.is_serving());
    EXPECT_EQ(server.addresses().front().host(), "127.0.0.1");
    auto dialled = siding::open_connection("127.0.0.1", server.port());
    auto idle = co_await std::move(dialled);
    EXPECT_EQ(idle.second.peer_address()->port(), server.port());
    for (std::string const text : {"one", "two", "three"}) {
        auto dial = siding::open_connection("localhost", server.port());
        auto connection = co_await std::move(dial);
        auto answer = say(std::move(connection), text);
        saw(co_await std::move(answer));
    }
    auto const port = server.port();
    server.close();
    EXPECT_FALSE(server.is_serving());
    auto const closed = siding::create_task(server.wait_closed());
    co_await siding::sleep(0ns);
    saw(closed.done()); // a connection is still open
    auto last = say(std::move(idle), "last");
    saw(co_await std::move(last));
    co_await closed;
    try {
        auto refused = siding::open_connection("127.0.0.1", port);
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

siding::coroutine<> fail_to_serve(siding::stream_reader reader, siding::stream_writer) {
    static_cast<void>(co_await reader.readline());
    throw std::logic_error("no idea");
}

siding::coroutine<> meet_a_failing_handler(trace& saw) {
    siding::get_running_loop().set_exception_handler(
        [&](siding::loop&, siding::exception_context const& context) { saw(context.message); });
    auto started = siding::start_server(fail_to_serve);
    auto const server = co_await std::move(started);
    auto dial = siding::open_connection("127.0.0.1", server.port());
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

siding::coroutine<> reset_in_the_middle(trace& saw) {
    siding::event reading;
    auto serving = [&](siding::stream_reader reader,
                       siding::stream_writer writer) -> siding::coroutine<> {
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
    auto started = siding::start_server(serving);
    auto const server = co_await std::move(started);
    {
        siding::descriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        auto const address = server.addresses().front();
        co_await siding::connect(peer.get(), address.data(), address.size());
        co_await siding::send_all(peer.get(), std::as_bytes(std::span("half a li", 9)));
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

siding::coroutine<> run_out_of_descriptors(int& reports) {
    std::optional<no_descriptors> none;
    siding::get_running_loop().set_exception_handler(
        [&](siding::loop&, siding::exception_context const& context) {
            EXPECT_EQ(context.message, "socket.accept() out of system resource");
            if (++reports == 3) none.reset();
        });
    auto started = siding::start_server(shout);
    auto const server = co_await std::move(started);
    siding::descriptor peer(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    auto const address = server.addresses().front();
    none.emplace();
    co_await siding::connect(peer.get(), address.data(), address.size());
    auto const before = siding::get_running_loop().time();
    co_await siding::send_all(peer.get(), std::as_bytes(std::span("x\n", 2)));
    std::array<std::byte, 8> answer{};
    EXPECT_EQ(co_await siding::recv(peer.get(), answer), 3u);
    // A second between two attempts: it does not spin.
    EXPECT_GE(siding::get_running_loop().time() - before, 2s);
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

siding::coroutine<> serve_at_a_path(std::string path, trace& saw) {
    { // what a server that died left behind
        siding::descriptor stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto const address = siding::endpoint::path(path);
        EXPECT_EQ(::bind(stale.get(), address.data(), address.size()), 0);
    }
    for (std::string const& address : {path, std::string("\0siding-test-", 13) + path}) {
        auto started = siding::start_unix_server(shout, address);
        auto const server = co_await std::move(started);
        auto dial = siding::open_unix_connection(address);
        auto connection = co_await std::move(dial);
        auto answer = say(std::move(connection), "hello");
        saw(co_await std::move(answer), std::filesystem::exists(path));
        server.close();
        co_await server.wait_closed();
        saw(std::filesystem::exists(path));
    }
}

TEST_P(servers, listen_at_paths) {
    std::string folder = std::filesystem::temp_directory_path() / "siding-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    trace saw;
    run(serve_at_a_path(folder + "/socket", saw));
    std::filesystem::remove_all(folder);
    EXPECT_EQ(saw.lines(), (lines{"hello!\n1", "0", "hello!\n0", "0"}));
    EXPECT_THROW(static_cast<void>(siding::endpoint::path(std::string(200, 'x'))),
                 siding::value_error);
}

siding::coroutine<> serve_until_cancelled() {
    auto started = siding::start_server(shout);
    auto const server = co_await std::move(started);
    auto const forever = siding::create_task(server.serve_forever());
    co_await siding::sleep(0ns);
    forever.cancel();
    EXPECT_THROW(co_await forever, siding::cancelled_error);
    EXPECT_FALSE(server.is_serving());
    co_await server.wait_closed();
    EXPECT_THROW(co_await server.serve_forever(), siding::runtime_error);
}

TEST_P(servers, stop_serving_for_ever_when_cancelled) { run(serve_until_cancelled()); }

siding::coroutine<> serve_given_socket(trace& saw) {
    auto listener = siding::listen_on(siding::endpoint::ip("127.0.0.1", 0));
    auto const fd = listener.get();
    auto started = siding::start_server(shout, std::move(listener));
    auto const server = co_await std::move(started);
    EXPECT_EQ(server.sockets(), std::vector<int>(1, fd));
    auto dial = siding::open_connection("127.0.0.1", server.port());
    auto connection = co_await std::move(dial);
    auto answer = say(std::move(connection), "given");
    saw(co_await std::move(answer));
    server.close();
    EXPECT_TRUE(server.sockets().empty());
    co_await server.wait_closed();
    siding::descriptor datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto wrong = siding::start_server(shout, std::move(datagrams));
    EXPECT_THROW(static_cast<void>(co_await std::move(wrong)), siding::value_error);
}

TEST_P(servers, accept_from_a_socket_that_is_given) {
    trace saw;
    run(serve_given_socket(saw));
    EXPECT_EQ(saw.lines(), lines{"given!\n"});
}

siding::coroutine<> end_clients(bool abort, trace& saw) {
    auto const flood = [&](siding::stream_reader reader,
                           siding::stream_writer writer) -> siding::coroutine<> {
        writer.write(std::string(8'000'000, 'x'));
        saw("handler got ", (co_await reader.read()).size());
    };
    auto started = siding::start_server(flood);
    auto const server = co_await std::move(started);
    auto dial = siding::open_connection("127.0.0.1", server.port());
    auto both = co_await std::move(dial);
    auto first = both.first.readexactly(1); // it has been accepted, and is being served
    static_cast<void>(co_await std::move(first));
    server.close();
    abort ? server.abort_clients() : server.close_clients();
    std::size_t rest = 0;
    try {
        rest = (co_await both.first.read()).size();
    } catch (std::system_error const&) { // reset
    }
    saw(rest == 7'999'999 ? "all of it" : "a part");
    both.second.close();
    co_await server.wait_closed();
}

TEST_P(servers, close_or_abort_their_clients) {
    for (bool const abort : {false, true}) {
        trace saw;
        run(end_clients(abort, saw));
        auto sorted = saw.lines();
        std::ranges::sort(sorted);
        EXPECT_EQ(sorted, (lines{abort ? "a part" : "all of it", "handler got 0"}));
    }
}

siding::coroutine<> look_up(trace& saw) {
    auto number = siding::getaddrinfo("127.0.0.1", "80");
    auto const numeric = co_await std::move(number);
    saw(numeric.front().host(), ' ', numeric.front().port());
    siding::resolution_options four;
    four.family = AF_INET;
    auto name = siding::getaddrinfo("localhost", "80", four);
    auto const local = co_await std::move(name);
    saw(local.front().host());
    try {
        auto nothing = siding::getaddrinfo("127.0.0.1", "no such service");
        static_cast<void>(co_await std::move(nothing));
    } catch (siding::resolution_error const& error) {
        saw(error.code() == EAI_SERVICE);
    }
}

TEST_P(servers, names_are_looked_up_off_the_loop) {
    trace saw;
    run(look_up(saw));
    EXPECT_EQ(saw.lines(), (lines{"127.0.0.1 80", "127.0.0.1", "1"}));
}

} // namespace
