// SPDX-License-Identifier: MIT
#pragma once

#include "asio.hpp"
#include "contract/model.hpp"

#include <cerrno>
#include <chrono>
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
    /// `threads` is how many will run the context.
    explicit server(contract::server_environment const& around, int threads = 1)
        : context(threads),
          acceptor(context, boost::asio::ip::tcp::v4(), duplicate(around.listen_fd)),
          accept_again(context),
          stop(context, duplicate(around.stop_fd)) {
        stop.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code) { context.stop(); });
    }

    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer accept_again; ///< runs while descriptors are lacking
    boost::asio::posix::stream_descriptor stop;
};

/// Whether descriptors are lacking: then the peers wait in the backlog, and accept is tried again a
/// little later. One that was reset before it was accepted is nobody's fault.
inline bool lacks_descriptors(boost::system::error_code error) {
    namespace errc = boost::system::errc;
    if (error == errc::too_many_files_open || error == errc::too_many_files_open_in_system) {
        return true;
    }
    if (error && error != boost::asio::error::connection_aborted) {
        throw boost::system::system_error(error, "accept");
    }
    return false;
}

inline constexpr std::chrono::milliseconds accept_again_after{10};

/// Calls `serve(socket)` for each connection, from a completion handler.
template <class Serve>
void accept_with_handlers(server& listening, Serve serve) {
    listening.acceptor.async_accept(
        [&listening, serve = std::move(serve)](boost::system::error_code error,
                                               boost::asio::ip::tcp::socket socket) mutable {
            if (lacks_descriptors(error)) {
                listening.accept_again.expires_after(accept_again_after);
                return listening.accept_again.async_wait(
                    [&listening, serve = std::move(serve)](boost::system::error_code) mutable {
                        accept_with_handlers(listening, std::move(serve));
                    });
            }
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
        if (lacks_descriptors(error)) {
            listening.accept_again.expires_after(accept_again_after);
            co_await listening.accept_again.async_wait(boost::asio::use_awaitable);
        } else if (!error) {
            serve(std::move(socket));
        }
    }
}

} // namespace asio_model
