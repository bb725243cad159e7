// SPDX-License-Identifier: MIT
// The echo server of Asio's own tutorial, twice: as completion handlers on a connection object that
// keeps itself alive, and as one coroutine a connection. async_read_some, then async_write of all.

#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "server.hpp"

#include <array>
#include <memory>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using contract::echo;

constexpr std::size_t message_buffer_bytes = 16'384;
constexpr std::size_t stream_buffer_bytes = 65'536;

template <std::size_t BufferBytes>
class connection : public std::enable_shared_from_this<connection<BufferBytes>> {
public:
    connection(tcp::socket socket, echo::outcome& out) : socket_(std::move(socket)), out_(out) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(tcp::no_delay(true), ignored);
    }
    void read() {
        socket_.async_read_some(asio::buffer(buffer_), [self = this->shared_from_this()](
                                                           error_code error, std::size_t bytes) {
            if (!error) self->write(bytes);
        });
    }

private:
    void write(std::size_t bytes) {
        asio::async_write(socket_, asio::buffer(buffer_, bytes),
                          [self = this->shared_from_this()](error_code error, std::size_t written) {
                              self->out_.echoed_bytes += written;
                              if (!error) self->read();
                          });
    }

    tcp::socket socket_;
    echo::outcome& out_;
    std::array<char, BufferBytes> buffer_;
};

template <std::size_t BufferBytes>
class by_callback final : public contract::session<echo> {
public:
    explicit by_callback(contract::server_environment const& around)
        : server_(std::make_unique<server>(around)) {}

    echo::outcome run(contract::probe&) override {
        accept_with_handlers(*server_, [this](tcp::socket socket) {
            ++out_.accepted;
            std::make_shared<connection<BufferBytes>>(std::move(socket), out_)->read();
        });
        server_->context.run();
        server_.reset(); // closes what is left
        return out_;
    }

private:
    echo::outcome out_;
    std::unique_ptr<server> server_;
};

template <std::size_t BufferBytes>
class by_coroutine final : public contract::session<echo> {
public:
    explicit by_coroutine(contract::server_environment const& around)
        : server_(std::make_unique<server>(around)) {}

    echo::outcome run(contract::probe&) override {
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
        std::array<char, BufferBytes> bytes;
        while (true) {
            auto const got = co_await socket.async_read_some(
                asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
            if (error) co_return; // end of file or a reset: this connection alone ends
            auto const sent = co_await asio::async_write(
                socket, asio::buffer(bytes, got), asio::redirect_error(asio::use_awaitable, error));
            out_.echoed_bytes += sent;
            if (error) co_return;
        }
    }

    echo::outcome out_;
    std::unique_ptr<server> server_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_callback(echo::params const&,
                                                            echo::environment const& around) {
    return std::make_unique<by_callback<message_buffer_bytes>>(around);
}

std::unique_ptr<contract::session<echo>> make_echo_coroutine(echo::params const&,
                                                             echo::environment const& around) {
    return std::make_unique<by_coroutine<message_buffer_bytes>>(around);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_callback(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        std::make_unique<by_callback<stream_buffer_bytes>>(around));
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_coroutine(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        std::make_unique<by_coroutine<stream_buffer_bytes>>(around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_callback(contract::accept::params const&, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        std::make_unique<by_callback<message_buffer_bytes>>(around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_coroutine(contract::accept::params const&,
                      contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        std::make_unique<by_coroutine<message_buffer_bytes>>(around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_callback(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        std::make_unique<by_callback<message_buffer_bytes>>(around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_coroutine(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        std::make_unique<by_coroutine<message_buffer_bytes>>(around));
}

} // namespace asio_model
