// SPDX-License-Identifier: MIT
#pragma once

#include "asio.hpp"
#include "contract/model.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace asio_model {

/// A duplicate of a descriptor that the harness owns: Asio closes what it is given.
[[nodiscard]] inline int duplicate(int descriptor) {
    auto const copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw std::system_error(errno, std::system_category(), "F_DUPFD_CLOEXEC");
    return copy;
}

/// One io_context that listens, and stops when the harness says so. Connections still open are
/// closed when the context is destroyed.
struct server {
    explicit server(contract::environment const& around)
        : acceptor(context, boost::asio::ip::tcp::v4(), duplicate(around.listen_fd)),
          stop(context, duplicate(around.stop_fd)) {
        stop.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code) { context.stop(); });
    }

    boost::asio::io_context context{1};
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::posix::stream_descriptor stop;
};

/// One that was reset before it was accepted is nobody's fault; to be out of descriptors is.
inline void check_accept(boost::system::error_code error) {
    if (error && error != boost::asio::error::connection_aborted) {
        throw boost::system::system_error(error, "accept");
    }
}

/// Calls `serve(socket)` for each connection, from a completion handler.
template <class Serve>
void accept_with_handlers(server& listening, Serve serve) {
    listening.acceptor.async_accept(
        [&listening, serve = std::move(serve)](boost::system::error_code error,
                                               boost::asio::ip::tcp::socket socket) mutable {
            check_accept(error);
            if (!error) serve(std::move(socket));
            accept_with_handlers(listening, std::move(serve));
        });
}

/// The same as a coroutine. `serve` is copied into its frame.
template <class Serve>
boost::asio::awaitable<void> accept_in_a_coroutine(server& listening, Serve serve) {
    while (true) {
        boost::system::error_code error;
        auto socket = co_await listening.acceptor.async_accept(
            boost::asio::redirect_error(boost::asio::use_awaitable, error));
        check_accept(error);
        if (!error) serve(std::move(socket));
    }
}

} // namespace asio_model
