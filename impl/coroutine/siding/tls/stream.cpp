// SPDX-License-Identifier: MIT
#include "engine.hpp"
#include "siding/detail/connection.hpp"
#include "siding/errors.hpp"
#include "siding/timeout.hpp"

#include <memory>
#include <utility>

namespace siding {

namespace {

using shared_connection = std::shared_ptr<detail::connection>;

coroutine<> shake_hands(shared_connection with, std::unique_ptr<detail::tls_engine> engine) {
    auto& input = with->input();
    engine->feed(input.take(std::string::npos)); // TLS, whatever it looks like
    while (true) {
        bool done = false;
        std::string output;
        std::exception_ptr failure;
        try {
            done = engine->shake_hands(output);
        } catch (tls_error const&) {
            failure = std::current_exception();
        }
        with->write_unfiltered(output); // in failure too: the alert tells the peer why
        if (failure) std::rethrow_exception(failure);
        if (done) break;
        auto const count = co_await detail::connection::receive(with, engine->space(), "start_tls");
        if (count == 0) throw tls_truncated_error("the peer ended the connection in the handshake");
        engine->feed({reinterpret_cast<char const*>(engine->space().data()), count});
    }
    std::string output;
    engine->read_into(input, output);
    with->write_unfiltered(output);
    with->set_filter(std::move(engine));
}

} // namespace

coroutine<> start_tls(stream_writer writer, tls_context context, tls_options options) {
    shared_connection const with = writer.connection();
    with->expect_can_be_filtered();
    auto engine = std::make_unique<detail::tls_engine>(std::move(context), options);
    try {
        auto handshake = shake_hands(with, std::move(engine));
        auto limited = timeout(options.handshake_timeout, std::move(handshake));
        co_await std::move(limited);
    } catch (...) {
        // What is still to be sent says why; the peer's answer is not waited for.
        with->close();
        throw;
    }
}

coroutine<stream> open_tls_connection(std::string host, std::uint16_t port, tls_context context,
                                      tls_options options) {
    if (context.is_server()) throw value_error("a connection that is opened is a client's");
    if (options.server_hostname.empty()) options.server_hostname = host;
    auto dialled = open_connection(std::move(host), port, options.limit_bytes);
    auto both = co_await std::move(dialled);
    auto secured = start_tls(both.second, std::move(context), std::move(options));
    co_await std::move(secured);
    co_return both;
}

namespace {

coroutine<> serve_over_tls(connection_handler handler, tls_context context, tls_options options,
                           stream_reader reader, stream_writer writer) {
    bool is_secure = false;
    try {
        auto secured = start_tls(writer, std::move(context), std::move(options));
        co_await std::move(secured);
        is_secure = true;
    } catch (tls_error const&) {
    } catch (timeout_error const&) {
    } catch (std::system_error const&) {
    }
    if (!is_secure) co_return;
    auto handled = handler(std::move(reader), std::move(writer));
    co_await std::move(handled);
}

} // namespace

connection_handler over_tls(connection_handler handler, tls_context context, tls_options options) {
    if (!context.is_server()) throw value_error("a connection that is accepted is a server's");
    return [handler = std::move(handler), context = std::move(context),
            options = std::move(options)](stream_reader reader, stream_writer writer) {
        return serve_over_tls(handler, context, options, std::move(reader), std::move(writer));
    };
}

std::optional<tls_info> tls_info_of(stream_writer const& writer) {
    auto const* const engine =
        dynamic_cast<detail::tls_engine const*>(writer.connection()->filter());
    if (engine == nullptr) return std::nullopt;
    return engine->info();
}

} // namespace siding
