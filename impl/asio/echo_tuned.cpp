// SPDX-License-Identifier: MIT
// The callbacks of echo.cpp as one tunes them for a single thread: executors of a concrete type
// instead of any_io_executor, a context without locks (CONCURRENCY_HINT_UNSAFE), and a write that
// is tried at once; only what the socket does not take becomes an operation. Asio recycles the
// memory of handlers by itself. A buffer for all connections is not to be had: a read that succeeds
// at once has filled it before its handler is queued, and others may follow before that runs.

#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "server.hpp"

#include <array>
#include <memory>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using contract::echo;

using executor = asio::io_context::executor_type;
using socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;
using stop_descriptor = asio::posix::basic_stream_descriptor<executor>;

constexpr std::size_t message_buffer_bytes = 16'384;
constexpr std::size_t stream_buffer_bytes = 65'536;

template <std::size_t BufferBytes>
class connection : public std::enable_shared_from_this<connection<BufferBytes>> {
public:
    connection(socket connected, echo::outcome& out) : socket_(std::move(connected)), out_(out) {
        error_code ignored; // a peer that has reset meanwhile; the first read will tell
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket_.non_blocking(true, ignored);
    }
    void read() {
        socket_.async_read_some(asio::buffer(buffer_), [self = this->shared_from_this()](
                                                           error_code error, std::size_t bytes) {
            if (!error) self->write(bytes);
        });
    }

private:
    void write(std::size_t bytes) {
        error_code error;
        auto const sent = socket_.write_some(asio::buffer(buffer_, bytes), error);
        out_.echoed_bytes += sent;
        if (error && error != asio::error::would_block) return;
        if (sent == bytes) return read();
        asio::async_write(
            socket_, asio::buffer(buffer_.data() + sent, bytes - sent),
            [self = this->shared_from_this()](error_code failed, std::size_t written) {
                self->out_.echoed_bytes += written;
                if (!failed) self->read();
            });
    }

    socket socket_;
    echo::outcome& out_;
    std::array<char, BufferBytes> buffer_;
};

template <std::size_t BufferBytes>
class tuned_server final : public contract::session<echo> {
public:
    explicit tuned_server(contract::server_environment const& around)
        : made_(std::make_unique<parts>(around)) {}

    echo::outcome run(contract::probe&) override {
        made_->stop.async_wait(stop_descriptor::wait_read,
                               [this](error_code) { made_->context.stop(); });
        accept_next();
        made_->context.run();
        made_.reset(); // closes what is left
        return out_;
    }

private:
    struct parts {
        explicit parts(contract::server_environment const& around)
            : listening(context.get_executor(), asio::ip::tcp::v4(), duplicate(around.listen_fd)),
              accept_again(context.get_executor()),
              stop(context.get_executor(), duplicate(around.stop_fd)) {}

        asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
        acceptor listening;
        timer accept_again; ///< runs while descriptors are lacking
        stop_descriptor stop;
    };

    void accept_next() {
        made_->listening.async_accept([this](error_code error, socket connected) {
            if (lacks_descriptors(error)) {
                made_->accept_again.expires_after(accept_again_after);
                return made_->accept_again.async_wait([this](error_code) { accept_next(); });
            }
            if (!error) {
                ++out_.accepted;
                std::make_shared<connection<BufferBytes>>(std::move(connected), out_)->read();
            }
            accept_next();
        });
    }

    echo::outcome out_;
    std::unique_ptr<parts> made_;
};

using for_messages = tuned_server<message_buffer_bytes>;
using for_streams = tuned_server<stream_buffer_bytes>;

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_tuned(echo::params const&,
                                                         echo::environment const& around) {
    return std::make_unique<for_messages>(around);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_tuned(contract::pump::params const&, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(std::make_unique<for_streams>(around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_tuned(contract::accept::params const&, contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(std::make_unique<for_messages>(around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_tuned(contract::held::params const&, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(std::make_unique<for_messages>(around));
}

} // namespace asio_model
