// SPDX-License-Identifier: MIT
#include "backends.hpp"

#include "siding/io/connection_options.hpp"
#include "siding/io/datagram_socket.hpp"
#include "siding/io/descriptor_callbacks.hpp"
#include "siding/io/getnameinfo.hpp"
#include "siding/io/sendfile.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

using namespace siding_test;

namespace {

class network : public backend_test {};
INSTANTIATE_TEST_SUITE_P(, network, every_backend, backend_name);

siding::coroutine<> ignore(siding::stream_reader reader, siding::stream_writer writer) {
    auto reading = reader.read();
    static_cast<void>(co_await std::move(reading));
    writer.close();
}

/// A socket that is bound and listens to nobody: a connection to it is refused.
siding::descriptor bound_but_deaf(siding::endpoint& address) {
    siding::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto const any = siding::endpoint::ip("127.0.0.1", 0);
    EXPECT_EQ(::bind(made.get(), any.data(), any.size()), 0);
    address = siding::endpoint::local_of(made.get()).value();
    return made;
}

siding::coroutine<> connect_past_a_refusal(siding::connection_options options) {
    siding::endpoint deaf;
    auto const held = bound_but_deaf(deaf);
    auto const server = co_await siding::start_server(ignore);
    std::vector<siding::endpoint> const addresses{deaf, server.addresses().front()};
    auto both = co_await siding::open_connection(addresses, options);
    EXPECT_EQ(both.second.peer_address()->port(), server.port());
    both.second.close();
    co_await both.second.wait_closed();
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(siding::all_tasks().size(), 1u) << "no attempt is left";
}

TEST_P(network, connects_to_the_next_address_when_one_refuses) {
    run(connect_past_a_refusal({}));
    run(connect_past_a_refusal({.happy_eyeballs_delay = 1h}));
}

/// A listener whose queue is full: further connections are neither accepted nor refused.
struct full_listener {
    full_listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        auto const any = siding::endpoint::ip("127.0.0.1", 0);
        EXPECT_EQ(::bind(fd.get(), any.data(), any.size()), 0);
        EXPECT_EQ(::listen(fd.get(), 0), 0);
        address = siding::endpoint::local_of(fd.get()).value();
        for (auto& each : fill) {
            each = siding::descriptor(
                ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            static_cast<void>(::connect(each.get(), address.data(), address.size()));
        }
    }
    siding::descriptor fd;
    siding::endpoint address;
    std::array<siding::descriptor, 4> fill;
};

siding::coroutine<> connect_past_a_silence() {
    full_listener const silent;
    auto const server = co_await siding::start_server(ignore);
    std::vector<siding::endpoint> const addresses{silent.address, server.addresses().front()};
    siding::connection_options const options{.happy_eyeballs_delay = 5ms};
    auto both = co_await siding::open_connection(addresses, options);
    EXPECT_EQ(both.second.peer_address()->port(), server.port());
    both.second.close();
    auto const pending = siding::create_task(
        siding::open_connection(std::vector<siding::endpoint>{silent.address}, options));
    co_await siding::sleep(10ms);
    pending.cancel();
    co_await siding::gather(siding::return_exceptions, pending);
    EXPECT_TRUE(pending.cancelled());
    server.close();
    co_await server.wait_closed();
}

TEST_P(network, tries_the_next_address_beside_one_that_is_silent) { run(connect_past_a_silence()); }

siding::coroutine<> fail_everywhere(trace& saw) {
    siding::endpoint deaf;
    auto const held = bound_but_deaf(deaf);
    std::vector<siding::endpoint> const twice{deaf, deaf};
    siding::connection_options options{.happy_eyeballs_delay = 1ms};
    try {
        static_cast<void>(co_await siding::open_connection(twice, options));
    } catch (std::system_error const& error) {
        saw(error.code() == std::errc::connection_refused);
    }
    options.local = siding::endpoint::ip("::1", 0);
    try {
        static_cast<void>(co_await siding::open_connection(twice, options));
    } catch (std::system_error const& error) {
        saw(error.what());
    }
}

TEST_P(network, says_why_no_address_could_be_reached) {
    trace saw;
    run(fail_everywhere(saw));
    EXPECT_EQ(saw.lines(), (lines{"1", "no matching local address with family found: Cannot assign "
                                       "requested address"}));
}

siding::coroutine<> connect_from_a_local_address() {
    auto const server = co_await siding::start_server(ignore);
    siding::connection_options const options{.local = siding::endpoint::ip("127.0.0.9", 0)};
    auto both = co_await siding::open_connection("127.0.0.1", server.port(), options);
    EXPECT_EQ(both.second.local_address()->host(), "127.0.0.9");
    both.second.close();
    server.close();
    co_await server.wait_closed();
}

TEST_P(network, connects_from_the_local_address_that_is_given) {
    run(connect_from_a_local_address());
}

siding::coroutine<> exchange_datagrams() {
    siding::datagram_endpoint peer({.local = siding::endpoint::ip("127.0.0.1", 0)});
    siding::descriptor const socket(
        ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    std::string const text = "hello";
    auto const to = peer.local_address().value();
    auto const sent = co_await siding::send_to(socket.get(), std::as_bytes(std::span(text)), to);
    EXPECT_EQ(sent, 5u);
    auto const got = co_await peer.receive();
    EXPECT_EQ(got.data, "hello");
    std::array<std::byte, 3> three{};
    auto const receiving = siding::create_task(siding::recv_from(socket.get(), three));
    co_await siding::sleep(0s);
    co_await peer.send_to("answer", got.from);
    auto const answer = co_await receiving;
    EXPECT_EQ(answer.bytes, 3u) << "the rest is cut";
    EXPECT_EQ(answer.from, to);
    std::string const much(100'000, 'x');
    try {
        auto sending = siding::send_to(socket.get(), std::as_bytes(std::span(much)), to);
        static_cast<void>(co_await std::move(sending));
        ADD_FAILURE() << "too long for a datagram";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), EMSGSIZE);
    }
}

TEST_P(network, sends_and_receives_datagrams_on_descriptors) { run(exchange_datagrams()); }

siding::coroutine<> look_up_names() {
    auto const address = siding::endpoint::ip("127.0.0.1", 80);
    auto const numbers = co_await siding::getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV);
    EXPECT_EQ(numbers.host, "127.0.0.1");
    EXPECT_EQ(numbers.service, "80");
    auto const host = co_await siding::getnameinfo(address, NI_NUMERICHOST);
    EXPECT_EQ(host.host, "127.0.0.1"); // in a thread
    try {
        static_cast<void>(co_await siding::getnameinfo(siding::endpoint(), 0));
        ADD_FAILURE() << "no address has no name";
    } catch (siding::resolution_error const& error) {
        EXPECT_EQ(error.code(), EAI_FAMILY);
    }
}

TEST_P(network, gives_names_to_addresses) { run(look_up_names()); }

siding::coroutine<std::string> read_all(siding::stream_reader from) {
    auto reading = from.read();
    co_return co_await std::move(reading);
}

siding::coroutine<> send_a_file() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    auto ours = siding::stream_of(siding::descriptor(both[0]));
    auto theirs = siding::stream_of(siding::descriptor(both[1]));
    std::string content;
    for (int i = 0; content.size() < 3'000'000; ++i) {
        content += std::to_string(i) + ' ';
    }
    auto const path = std::filesystem::path(testing::TempDir()) /
                      ("siding-sendfile-" + std::to_string(::getpid()));
    std::ofstream(path) << content;
    auto const file = co_await siding::file::open(path.string(), O_RDONLY);
    auto const reading = siding::create_task(read_all(theirs.first));
    std::string const before(500'000, 'b'); // more than the kernel takes: it is buffered
    ours.second.write(before);
    auto const all = co_await siding::sendfile(ours.second, file);
    EXPECT_EQ(all, content.size());
    auto const part = co_await siding::sendfile(ours.second, file, 10, 20);
    EXPECT_EQ(part, 20u);
    auto const none = co_await siding::sendfile(ours.second, file, content.size() + 1);
    EXPECT_EQ(none, 0u);
    ours.second.write("end");
    ours.second.close();
    auto const got = co_await reading;
    EXPECT_TRUE(got == before + content + content.substr(10, 20) + "end");
    EXPECT_EQ(ours.second.get_write_buffer_limits(), theirs.second.get_write_buffer_limits())
        << "they are as they were";

    EXPECT_EQ(::pipe2(both, O_CLOEXEC), 0);
    auto from_pipe = siding::connect_read_pipe(siding::descriptor(both[0]));
    auto to_pipe = siding::connect_write_pipe(siding::descriptor(both[1]));
    auto const reading_pipe = siding::create_task(read_all(from_pipe));
    auto const copied = co_await siding::sendfile(to_pipe, file, 1);
    EXPECT_EQ(copied, content.size() - 1);
    to_pipe.close();
    auto const piped = co_await reading_pipe;
    EXPECT_TRUE(piped == content.substr(1));
    std::filesystem::remove(path);
}

TEST_P(network, sends_files_into_sockets_and_pipes) { run(send_a_file()); }

siding::coroutine<> send_a_file_to_nobody() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    auto ours = siding::stream_of(siding::descriptor(both[0]));
    siding::descriptor(both[1]).reset();
    auto const file = co_await siding::file::open("/proc/self/exe", O_RDONLY);
    try {
        auto sending = siding::sendfile(ours.second, file);
        static_cast<void>(co_await std::move(sending));
        ADD_FAILURE() << "nobody is there";
    } catch (std::system_error const& error) {
        EXPECT_EQ(error.code().value(), EPIPE);
    }
}

TEST_P(network, tells_that_nobody_takes_the_file) { run(send_a_file_to_nobody()); }

siding::coroutine<> watch_descriptors(trace& saw) {
    int both[2];
    EXPECT_EQ(::pipe2(both, O_CLOEXEC | O_NONBLOCK), 0);
    siding::descriptor const end(both[0]);
    siding::descriptor const other(both[1]);
    siding::event finished;
    EXPECT_FALSE(siding::remove_reader(end.get()));
    siding::add_reader(end.get(), [] { ADD_FAILURE() << "replaced before it was called"; });
    siding::add_reader(end.get(), [&] {
        char byte = 0;
        EXPECT_EQ(::read(end.get(), &byte, 1), 1); // one of three: it is called again
        saw("read ", byte);
        if (byte == 'b') throw std::runtime_error("of the callback");
        if (byte == 'c') {
            EXPECT_TRUE(siding::remove_reader(end.get()));
            finished.set();
        }
    });
    siding::get_running_loop().set_exception_handler(
        [&](siding::loop&, siding::exception_context const& context) { saw(context.message); });
    siding::add_writer(other.get(), [&] {
        EXPECT_EQ(::write(other.get(), "abc", 3), 3);
        EXPECT_TRUE(siding::remove_writer(other.get()));
    });
    co_await finished.wait();
    EXPECT_FALSE(siding::remove_reader(end.get()));
    EXPECT_FALSE(siding::remove_writer(other.get()));
    siding::add_reader(end.get(), [] {}); // one that is there when the loop ends
    co_await siding::sleep(0s);
    siding::add_writer(other.get(), [] {}); // and one that has not begun
}

TEST_P(network, calls_back_while_a_descriptor_is_ready) {
    trace saw;
    run(watch_descriptors(saw));
    EXPECT_EQ(saw.lines(),
              (lines{"read a", "read b", "Exception in callback of a descriptor", "read c"}));
    EXPECT_THROW(siding::add_reader(0, [] {}), siding::runtime_error);
}

} // namespace
