// SPDX-License-Identifier: MIT
#include "siding/tls.hpp"

#include "../backends.hpp"
#include "certificates.hpp"

#include <openssl/x509_vfy.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <span>
#include <system_error>

using namespace siding_test;

namespace {

class tls : public backend_test {
protected:
    static void SetUpTestSuite() {
        files.emplace();
        files->issue("localhost", "localhost");
        files->issue("other", "other.example");
        files->issue("expired", "localhost", -1);
    }
    static void TearDownTestSuite() { files.reset(); }

    [[nodiscard]] static siding::tls_context server(std::string const& name = "localhost") {
        return siding::tls_context::server((*files)(name + ".pem"), (*files)(name + ".key"));
    }
    [[nodiscard]] static siding::tls_context client() {
        auto made = siding::tls_context::client();
        made.trust((*files)("authority.pem"));
        return made;
    }
    static std::optional<certificates> files;
};
std::optional<certificates> tls::files;
INSTANTIATE_TEST_SUITE_P(, tls, every_backend, backend_name);

/// Answers each line; says good-bye when the peer has ended its half.
siding::coroutine<> shout(siding::stream_reader reader, siding::stream_writer writer) {
    while (true) {
        auto const line = co_await reader.readline();
        if (line.empty()) break;
        writer.write(line.substr(0, line.size() - 1) + "!\n");
        co_await writer.drain();
    }
    writer.write("bye\n");
    writer.close();
}

siding::coroutine<siding::server> serve(siding::tls_context with,
                                        siding::connection_handler handler = &shout) {
    auto started = siding::start_server(siding::over_tls(std::move(handler), std::move(with)));
    co_return co_await std::move(started);
}

siding::coroutine<siding::stream> dial(std::uint16_t port, siding::tls_context with,
                                       std::string name = "localhost") {
    siding::tls_options options;
    options.server_hostname = std::move(name);
    auto dialled =
        siding::open_tls_connection("127.0.0.1", port, std::move(with), std::move(options));
    co_return co_await std::move(dialled);
}

/// Ends as soon as it has answered a line: some do not like to hear more after their own end.
siding::coroutine<> shout_once(siding::stream_reader reader, siding::stream_writer writer) {
    auto const line = co_await reader.readline();
    writer.write(line.substr(0, line.size() - 1) + "!\n");
    writer.close();
}

siding::coroutine<> end(siding::server of) {
    of.close();
    co_await of.wait_closed();
}

siding::coroutine<> talk(siding::tls_context ours, siding::tls_context theirs, trace& saw) {
    auto serving = serve(std::move(theirs));
    auto const server = co_await std::move(serving);
    auto dialling = dial(server.port(), std::move(ours));
    auto both = co_await std::move(dialling);
    both.second.write("hello\n");
    saw(co_await both.first.readline());
    // Half-close: we have ended, and still hear the answer.
    both.second.write("last\n");
    both.second.write_eof();
    saw(co_await both.first.read());
    auto const info = siding::tls_info_of(both.second);
    saw(info->version, ' ', info->peer_subject, ' ', info->server_name);
    EXPECT_NE(info->peer_certificate.find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_FALSE(info->cipher.empty());
    both.second.close();
    co_await both.second.wait_closed();
    co_await end(server);
}

TEST_P(tls, carries_both_directions_and_ends_one_half_at_a_time) {
    trace saw;
    run(talk(client(), server(), saw));
    EXPECT_EQ(saw.lines(), (lines{"hello!\n", "last!\nbye\n", "TLSv1.3 CN=localhost localhost"}));
}

siding::coroutine<std::string> failure_of(siding::tls_context ours, siding::tls_context theirs,
                                          std::string name) {
    auto serving = serve(std::move(theirs));
    auto const server = co_await std::move(serving);
    std::string outcome = "connected";
    try {
        auto dialling = dial(server.port(), std::move(ours), std::move(name));
        static_cast<void>(co_await std::move(dialling));
    } catch (siding::tls_certificate_error const& error) {
        outcome = "certificate " + std::to_string(error.code());
    } catch (siding::tls_error const& error) {
        outcome = error.what();
    }
    co_await end(server);
    co_return outcome;
}

TEST_P(tls, verifies_the_peer_unless_told_not_to) {
    auto const because = [](int code) { return "certificate " + std::to_string(code); };
    EXPECT_EQ(run(failure_of(client(), server(), "localhost")), "connected");
    EXPECT_EQ(run(failure_of(client(), server(), "127.0.0.1")), "connected");
    EXPECT_EQ(run(failure_of(client(), server(), "other.example")),
              because(X509_V_ERR_HOSTNAME_MISMATCH));
    EXPECT_EQ(run(failure_of(client(), server(), "127.0.0.2")),
              because(X509_V_ERR_IP_ADDRESS_MISMATCH));
    EXPECT_EQ(run(failure_of(client(), server("expired"), "localhost")),
              because(X509_V_ERR_CERT_HAS_EXPIRED));
    auto const strangers = siding::tls_context::client(); // knows the system's authorities alone
    EXPECT_EQ(run(failure_of(strangers, server(), "localhost")),
              because(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
    auto const trusting = siding::tls_context::client();
    trusting.verify_nothing();
    EXPECT_EQ(run(failure_of(trusting, server("expired"), "other.example")), "connected");
}

siding::coroutine<std::string> exchange(siding::tls_context ours, siding::tls_context theirs) {
    auto const subject = [](siding::stream_reader,
                            siding::stream_writer writer) -> siding::coroutine<> {
        auto const info = siding::tls_info_of(writer);
        writer.write(info->peer_subject + " " + info->alpn_protocol);
        writer.close();
        co_return;
    };
    auto serving = serve(std::move(theirs), subject);
    auto const server = co_await std::move(serving);
    std::string got;
    try {
        auto dialling = dial(server.port(), std::move(ours));
        auto both = co_await std::move(dialling);
        got = co_await both.first.read();
        got += " " + siding::tls_info_of(both.second)->alpn_protocol;
    } catch (siding::tls_error const& error) {
        got = "refused";
    }
    co_await end(server);
    co_return got;
}

TEST_P(tls, may_ask_the_client_for_a_certificate) {
    auto const strict = server();
    strict.trust((*files)("authority.pem"));
    strict.require_client_certificate();
    EXPECT_EQ(run(exchange(client(), strict)), "refused");
    auto const known = client();
    known.use_certificate((*files)("other.pem"), (*files)("other.key"));
    EXPECT_EQ(run(exchange(known, strict)), "CN=other.example  ");
}

TEST_P(tls, agrees_on_a_protocol) {
    auto const speaks = [](siding::tls_context of, std::vector<std::string> const& protocols) {
        of.set_alpn_protocols(protocols);
        return of;
    };
    EXPECT_EQ(run(exchange(speaks(client(), {"h2", "http/1.1"}), speaks(server(), {"http/1.1"}))),
              " http/1.1 http/1.1");
    EXPECT_EQ(run(exchange(speaks(client(), {"h2"}), speaks(server(), {"http/1.1"}))), "  ");
    EXPECT_THROW(client().set_alpn_protocols({""}), siding::value_error);
}

siding::coroutine<std::string> subject_for(siding::tls_context theirs, siding::tls_context ours,
                                           std::string name) {
    auto serving = serve(std::move(theirs));
    auto const server = co_await std::move(serving);
    auto dialling = dial(server.port(), std::move(ours), std::move(name));
    auto both = co_await std::move(dialling);
    auto const subject = siding::tls_info_of(both.second)->peer_subject;
    both.second.close();
    co_await both.second.wait_closed();
    co_await end(server);
    co_return subject;
}

TEST_P(tls, shows_the_certificate_of_the_name_it_is_called_by) {
    auto const both = server();
    both.set_server_name_callback(
        [other = server("other")](std::string_view name) -> std::optional<siding::tls_context> {
            if (name == "other.example") return other;
            return std::nullopt;
        });
    EXPECT_EQ(run(subject_for(both, client(), "localhost")), "CN=localhost");
    EXPECT_EQ(run(subject_for(both, client(), "other.example")), "CN=other.example");
}

siding::coroutine<> send_much(siding::tls_context ours, siding::tls_context theirs,
                              std::size_t bytes) {
    auto const swallow_and_return = [](siding::stream_reader reader,
                                       siding::stream_writer writer) -> siding::coroutine<> {
        auto const all = co_await reader.read();
        writer.write(all);
        co_await writer.drain();
        writer.close();
        co_await writer.wait_closed();
    };
    auto serving = serve(std::move(theirs), swallow_and_return);
    auto const server = co_await std::move(serving);
    auto dialling = dial(server.port(), std::move(ours));
    auto both = co_await std::move(dialling);
    std::string sent(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        sent[i] = static_cast<char>(i * 2654435761u >> 13u);
    }
    for (std::size_t position = 0; position < bytes; position += 100'000) {
        both.second.write(std::string_view(sent).substr(position, 100'000));
        co_await both.second.drain();
    }
    both.second.write_eof();
    auto const got = co_await both.first.read();
    EXPECT_TRUE(got == sent);
    both.second.close();
    co_await both.second.wait_closed();
    co_await end(server);
}

TEST_P(tls, carries_much_in_both_directions) { run(send_much(client(), server(), 3'000'000)); }

siding::coroutine<> upgrade(siding::tls_context ours, siding::tls_context theirs, trace& saw) {
    auto const serve_start_tls = [&](siding::stream_reader reader,
                                     siding::stream_writer writer) -> siding::coroutine<> {
        saw("server got ", co_await reader.readline());
        writer.write("go ahead\n");
        auto secured = siding::start_tls(writer, theirs);
        co_await std::move(secured);
        saw("server got ", co_await reader.readline());
        writer.write("secret too\n");
        writer.close();
        co_await writer.wait_closed();
    };
    auto started = siding::start_server(serve_start_tls);
    auto const server = co_await std::move(started);
    auto dialled = siding::open_connection("127.0.0.1", server.port());
    auto both = co_await std::move(dialled);
    both.second.write("STARTTLS\n");
    saw("client got ", co_await both.first.readline());
    EXPECT_EQ(siding::tls_info_of(both.second), std::nullopt);
    siding::tls_options options;
    options.server_hostname = "localhost";
    auto secured = siding::start_tls(both.second, std::move(ours), options);
    co_await std::move(secured);
    both.second.write("secret\n");
    saw("client got ", co_await both.first.readline());
    auto again = siding::start_tls(both.second, theirs);
    EXPECT_THROW(co_await std::move(again), siding::runtime_error);
    both.second.close();
    co_await both.second.wait_closed();
    co_await end(server);
}

TEST_P(tls, begins_in_the_middle_of_a_stream) {
    trace saw;
    run(upgrade(client(), server(), saw));
    EXPECT_EQ(saw.lines(), (lines{"server got STARTTLS\n", "client got go ahead\n",
                                  "server got secret\n", "client got secret too\n"}));
}

/// Plain text that an attacker put behind STARTTLS must not pass for what came over TLS.
siding::coroutine<> inject(siding::tls_context theirs, trace& saw) {
    auto const serve_start_tls = [&](siding::stream_reader reader,
                                     siding::stream_writer writer) -> siding::coroutine<> {
        saw(co_await reader.readline());
        try {
            auto secured = siding::start_tls(writer, theirs);
            co_await std::move(secured);
            saw(co_await reader.readline());
        } catch (siding::tls_error const&) {
            saw("no TLS");
        }
    };
    auto started = siding::start_server(serve_start_tls);
    auto const server = co_await std::move(started);
    auto dialled = siding::open_connection("127.0.0.1", server.port());
    auto both = co_await std::move(dialled);
    both.second.write("STARTTLS\nplain text\n");
    static_cast<void>(co_await both.first.read());
    co_await end(server);
}

TEST_P(tls, takes_what_was_received_before_for_tls) {
    trace saw;
    run(inject(server(), saw));
    EXPECT_EQ(saw.lines(), (lines{"STARTTLS\n", "no TLS"}));
}

siding::coroutine<> cut_off(siding::tls_context ours, siding::tls_context theirs, trace& saw) {
    auto const stop_in_the_middle = [](siding::stream_reader,
                                       siding::stream_writer writer) -> siding::coroutine<> {
        writer.write("half\n");
        writer.abort(); // without a word
        co_return;
    };
    auto serving = serve(std::move(theirs), stop_in_the_middle);
    auto const server = co_await std::move(serving);
    auto dialling = dial(server.port(), std::move(ours));
    auto both = co_await std::move(dialling);
    saw(co_await both.first.readline());
    try {
        saw(co_await both.first.read());
    } catch (siding::tls_truncated_error const&) {
        saw("cut off");
    }
    co_await end(server);
}

TEST_P(tls, tells_an_end_from_a_cut) {
    trace saw;
    run(cut_off(client(), server(), saw));
    EXPECT_EQ(saw.lines(), (lines{"half\n", "cut off"}));
}

siding::coroutine<> drop_without_closing(siding::tls_context ours, siding::tls_context theirs,
                                         trace& saw) {
    auto const forget = [](siding::stream_reader,
                           siding::stream_writer writer) -> siding::coroutine<> {
        writer.write("all of it\n");
        co_return;
    };
    auto serving = serve(std::move(theirs), forget);
    auto const server = co_await std::move(serving);
    auto dialling = dial(server.port(), std::move(ours));
    auto both = co_await std::move(dialling);
    saw(co_await both.first.read()); // no error: the end was announced
    co_await end(server);
}

TEST_P(tls, ends_properly_when_a_handler_just_returns) {
    trace saw;
    run(drop_without_closing(client(), server(), saw));
    EXPECT_EQ(saw.lines(), lines{"all of it\n"});
}

siding::coroutine<> meet_garbage(siding::tls_context theirs) {
    auto serving = serve(std::move(theirs));
    auto const server = co_await std::move(serving);
    for (std::string const& garbage :
         {std::string("GET / HTTP/1.0\r\n\r\n"), std::string(5, '\x16'),
          std::string("\x16\x03\x01\xff\xff", 5), std::string()}) {
        auto dialled = siding::open_connection("127.0.0.1", server.port());
        auto both = co_await std::move(dialled);
        both.second.write(garbage);
        both.second.write_eof();
        try {
            static_cast<void>(co_await both.first.read());
        } catch (std::system_error const& error) {
            EXPECT_EQ(error.code(), std::errc::connection_reset);
        }
    }
    co_await end(server);
}

TEST_P(tls, survives_peers_that_speak_something_else) { run(meet_garbage(server())); }

siding::coroutine<> wait_in_vain(siding::tls_context ours) {
    auto const say_nothing = [](siding::stream_reader reader,
                                siding::stream_writer) -> siding::coroutine<> {
        static_cast<void>(co_await reader.read());
    };
    auto started = siding::start_server(say_nothing);
    auto const server = co_await std::move(started);
    siding::tls_options options;
    options.handshake_timeout = 1ms;
    options.server_hostname = "localhost";
    auto dialling = siding::open_tls_connection("127.0.0.1", server.port(), ours, options);
    EXPECT_THROW(co_await std::move(dialling), siding::timeout_error);

    options.handshake_timeout = 1h;
    auto waiting = siding::open_tls_connection("127.0.0.1", server.port(), ours, options);
    auto const task = siding::create_task(std::move(waiting));
    for (int turn = 0; turn < 20; ++turn) {
        co_await siding::sleep(1ms);
    }
    task.cancel();
    EXPECT_THROW(co_await task, siding::cancelled_error);
    co_await end(server);
}

TEST_P(tls, gives_up_a_handshake_that_does_not_come) { run(wait_in_vain(client())); }

/// A peer that never answers to our end does not keep us for ever.
siding::coroutine<> part_from_a_silent_peer(siding::tls_context ours, siding::tls_context theirs) {
    siding::event may_go;
    auto const never_read = [&](siding::stream_reader,
                                siding::stream_writer) -> siding::coroutine<> {
        co_await may_go.wait();
    };
    auto serving = serve(std::move(theirs), never_read);
    auto const server = co_await std::move(serving);
    siding::tls_options options;
    options.server_hostname = "localhost";
    options.shutdown_timeout = 1ms;
    auto dialling =
        siding::open_tls_connection("127.0.0.1", server.port(), std::move(ours), options);
    auto both = co_await std::move(dialling);
    both.second.close();
    EXPECT_EQ(co_await both.first.read(), "");
    co_await both.second.wait_closed();
    may_go.set();
    co_await end(server);
}

TEST_P(tls, parts_from_a_silent_peer) { run(part_from_a_silent_peer(client(), server())); }

TEST_P(tls, says_which_file_cannot_be_used) {
    auto const message = [](auto make) {
        try {
            static_cast<void>(make());
        } catch (siding::tls_error const& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_NE(message([&] { return server("nobody"); }).find("nobody.pem"), std::string::npos);
    EXPECT_NE(message([&] {
                  return siding::tls_context::server((*files)("localhost.pem"),
                                                     (*files)("other.key"));
              }).find("other.key"),
              std::string::npos);
    EXPECT_THROW(client().trust("/nonexistent"), siding::tls_error);
    EXPECT_THROW(client().trust(std::string("a\0b", 3)), siding::value_error);
    EXPECT_THROW(static_cast<void>(siding::over_tls(&shout, client())), siding::value_error);
    auto nameless = [&]() -> siding::coroutine<> {
        auto serving = serve(server());
        auto const served = co_await std::move(serving);
        auto dialled = siding::open_connection("127.0.0.1", served.port());
        auto both = co_await std::move(dialled);
        auto secured = siding::start_tls(both.second, client());
        EXPECT_THROW(co_await std::move(secured), siding::value_error);
        both.second.close();
        co_await end(served);
    };
    run(nameless());
}

// -- Against others

siding::coroutine<std::string> first_line_from(siding::subprocess::process const& of) {
    std::string line;
    std::byte one{};
    while (co_await siding::read(of.output().get(), std::span(&one, 1)) == 1) {
        if (one == std::byte{'\n'}) break;
        line += static_cast<char>(one);
    }
    co_return line;
}

siding::coroutine<std::string> ask_openssl(std::uint16_t port, std::string authority) {
    siding::subprocess::options how(siding::subprocess::pipe, siding::subprocess::pipe,
                                    siding::subprocess::devnull);
    auto started = siding::create_subprocess_exec(
        how, "openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(port), "-CAfile",
        authority, "-verify_return_error", "-verify_hostname", "localhost", "-alpn", "h2,shout",
        "-servername", "localhost", "-quiet", "-no_ign_eof");
    auto const process = co_await std::move(started);
    std::string const question = "from openssl\n";
    co_await siding::write_all(process.input().get(), std::as_bytes(std::span(question)));
    auto reading = first_line_from(process);
    auto const answer = co_await std::move(reading);
    auto ending = process.communicate(); // it ends with its input
    static_cast<void>(co_await std::move(ending));
    co_return answer;
}

siding::coroutine<std::string> serve_openssl(siding::tls_context theirs, std::string authority) {
    auto serving = serve(std::move(theirs));
    auto const server = co_await std::move(serving);
    auto asking = ask_openssl(server.port(), std::move(authority));
    auto const answer = co_await std::move(asking);
    co_await end(server);
    co_return answer;
}

TEST_P(tls, serves_openssl) {
    if (std::system("openssl version >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "no openssl: apt-get install openssl";
    }
    auto const theirs = server();
    theirs.set_alpn_protocols({"shout"});
    EXPECT_EQ(run(serve_openssl(theirs, (*files)("authority.pem"))), "from openssl!");
}

siding::coroutine<std::string> ask_s_server(siding::tls_context ours, certificates const& files) {
    siding::subprocess::options how(siding::subprocess::pipe, siding::subprocess::pipe,
                                    siding::subprocess::devnull);
    auto started = siding::create_subprocess_exec(
        how, "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files("localhost.pem"),
        "-key", files("localhost.key"), "-alpn", "shout", "-rev");
    auto const process = co_await std::move(started);
    std::string line;
    while (!line.starts_with("ACCEPT ")) { // ACCEPT 127.0.0.1:PORT
        auto reading = first_line_from(process);
        line = co_await std::move(reading);
    }
    auto const port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
    auto dialling = dial(port, std::move(ours));
    auto both = co_await std::move(dialling);
    both.second.write("abc\n");
    auto const answer = co_await both.first.readline();
    auto const alpn = siding::tls_info_of(both.second)->alpn_protocol;
    both.second.close();
    co_await both.second.wait_closed();
    process.kill();
    static_cast<void>(co_await process.wait());
    co_return answer + alpn;
}

TEST_P(tls, connects_to_openssl) {
    if (std::system("openssl version >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "no openssl: apt-get install openssl";
    }
    auto const ours = client();
    ours.set_alpn_protocols({"shout"});
    EXPECT_EQ(run(ask_s_server(ours, *files)), "cba\nshout");
}

/// Both sides of Python's ssl: with argument `client PORT` or `server`.
constexpr char const* python_peer = R"(
import socket, ssl, sys
folder = sys.argv[1]
if sys.argv[2] == "client":
    context = ssl.create_default_context(cafile=folder + "/authority.pem")
    context.set_alpn_protocols(["shout"])
    if sys.argv[4] == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", int(sys.argv[3]))) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as s:
            s.sendall(b"from python\n")
            got = b""
            while not got.endswith(b"\n"):
                got += s.recv(100)
            print(got.decode(), s.selected_alpn_protocol(), s.version(), end="")
            s.unwrap().close()
else:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/localhost.pem", folder + "/localhost.key")
    if sys.argv[4] == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    with context.wrap_socket(listener.accept()[0], server_side=True, suppress_ragged_eofs=False) as s:
        got = b""
        while True:
            block = s.recv(1000)
            if not block:
                break
            got += block
        s.sendall(str(len(got)).encode() + b" bytes " + s.version().encode())
        s.unwrap().close()
)";

bool has_python() { return std::system("python3 -c 'import ssl' >/dev/null 2>&1") == 0; }

siding::coroutine<std::string> serve_python(siding::tls_context theirs, std::string folder,
                                            std::string version) {
    auto serving = serve(std::move(theirs), &shout_once);
    auto const server = co_await std::move(serving);
    siding::subprocess::options how(siding::subprocess::devnull, siding::subprocess::pipe,
                                    siding::subprocess::inherit);
    auto started = siding::create_subprocess_exec(how, "python3", "-c", python_peer, folder,
                                                  "client", std::to_string(server.port()), version);
    auto const process = co_await std::move(started);
    auto talking = process.communicate();
    auto const both = co_await std::move(talking);
    EXPECT_EQ(process.returncode(), 0);
    co_await end(server);
    co_return both.first;
}

TEST_P(tls, serves_python) {
    if (!has_python()) GTEST_SKIP() << "no python3 with ssl: apt-get install python3";
    auto const theirs = server();
    theirs.set_alpn_protocols({"shout"});
    EXPECT_EQ(run(serve_python(theirs, (*files)(""), "1.3")), "from python!\n shout TLSv1.3");
    EXPECT_EQ(run(serve_python(theirs, (*files)(""), "1.2")), "from python!\n shout TLSv1.2");
}

siding::coroutine<std::string> ask_python(siding::tls_context ours, std::string folder,
                                          std::string version) {
    siding::subprocess::options how(siding::subprocess::devnull, siding::subprocess::pipe,
                                    siding::subprocess::inherit);
    auto started = siding::create_subprocess_exec(how, "python3", "-c", python_peer, folder,
                                                  "server", "-", version);
    auto const process = co_await std::move(started);
    auto reading = first_line_from(process);
    auto const line = co_await std::move(reading);
    auto dialling = dial(static_cast<std::uint16_t>(std::stoi(line)), std::move(ours));
    auto both = co_await std::move(dialling);
    both.second.write(std::string(200'000, 'x'));
    both.second.write_eof();
    auto const answer = co_await both.first.read();
    both.second.close();
    co_await both.second.wait_closed();
    EXPECT_EQ(co_await process.wait(), 0);
    co_return answer;
}

TEST_P(tls, connects_to_python) {
    if (!has_python()) GTEST_SKIP() << "no python3 with ssl: apt-get install python3";
    EXPECT_EQ(run(ask_python(client(), (*files)(""), "1.3")), "200000 bytes TLSv1.3");
    EXPECT_EQ(run(ask_python(client(), (*files)(""), "1.2")), "200000 bytes TLSv1.2");
}

} // namespace
