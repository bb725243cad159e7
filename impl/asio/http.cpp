// SPDX-License-Identifier: MIT
// The two servers of `echo` with an exchange a connection: read some, parse, write all answers.

#include "cells.hpp"
#include "server.hpp"

#include "kernel/http.hpp"

#include <array>
#include <memory>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::http;
using buffer = std::array<char, 16'384>;

class connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, http::outcome& out) : socket_(std::move(socket)), out_(out) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    void read() {
        socket_.async_read_some(asio::buffer(buffer_),
                                [self = shared_from_this()](error_code error, std::size_t bytes) {
                                    if (!error) self->answer(bytes);
                                });
    }

private:
    void answer(std::size_t received) {
        auto const before = exchange_.requests();
        exchange_.receive(std::as_bytes(std::span(buffer_)).first(received));
        out_.requests += exchange_.requests() - before;
        auto const replies = exchange_.unsent();
        if (replies.empty()) return read();
        asio::async_write(socket_, asio::buffer(replies.data(), replies.size()),
                          [self = shared_from_this()](error_code error, std::size_t written) {
                              self->out_.sent_bytes += written;
                              if (error) return;
                              self->exchange_.sent(written);
                              if (self->exchange_.over()) self->shut_down();
                              self->read();
                          });
    }
    void shut_down() {
        error_code ignored; // a peer that has reset meanwhile; the next read will tell
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }

    tcp::socket socket_;
    http::outcome& out_;
    kernel::http_exchange exchange_;
    buffer buffer_;
};

class by_callback final : public contract::session<http> {
public:
    explicit by_callback(contract::server_environment const& around)
        : server_(std::make_unique<server>(around)) {}

    http::outcome run(contract::probe&) override {
        accept_with_handlers(*server_, [this](tcp::socket socket) {
            ++out_.accepted;
            std::make_shared<connection>(std::move(socket), out_)->read();
        });
        server_->context.run();
        server_.reset(); // closes what is left
        return out_;
    }

private:
    http::outcome out_;
    std::unique_ptr<server> server_;
};

class by_coroutine final : public contract::session<http> {
public:
    explicit by_coroutine(contract::server_environment const& around)
        : server_(std::make_unique<server>(around)) {}

    http::outcome run(contract::probe&) override {
        auto const serve_one = [this](tcp::socket socket) {
            ++out_.accepted;
            asio::co_spawn(server_->context, serve(std::move(socket)), rethrow);
        };
        asio::co_spawn(server_->context, accept_in_a_coroutine(*server_, serve_one), rethrow);
        server_->context.run();
        server_.reset();
        return out_;
    }

private:
    asio::awaitable<void> serve(tcp::socket socket) {
        error_code error;
        socket.set_option(tcp::no_delay(true), error);
        buffer bytes;
        kernel::http_exchange exchange;
        while (true) {
            auto const got = co_await socket.async_read_some(
                asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return; // end of file or a reset: this connection alone ends
            auto const before = exchange.requests();
            exchange.receive(std::as_bytes(std::span(bytes)).first(got));
            out_.requests += exchange.requests() - before;
            if (auto const replies = exchange.unsent(); !replies.empty()) {
                auto const sent =
                    co_await asio::async_write(socket, asio::buffer(replies.data(), replies.size()),
                                               asio::redirect_error(asio::use_awaitable, error));
                out_.sent_bytes += sent;
                if (error) co_return;
                exchange.sent(sent);
            }
            if (exchange.over()) socket.shutdown(tcp::socket::shutdown_send, error);
        }
    }

    http::outcome out_;
    std::unique_ptr<server> server_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_callback(http::params const&,
                                                            http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<by_callback>(around);
}

std::unique_ptr<contract::session<http>> make_http_coroutine(http::params const&,
                                                             http::environment const& around) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<by_coroutine>(around);
}

} // namespace asio_model
