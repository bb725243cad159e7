// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/descriptor.hpp"
#include "siding/io/endpoint.hpp"
#include "siding/io/stream_reader.hpp"
#include "siding/io/stream_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace siding {

/// Serves one connection. Each call runs as a task of its own; what it throws goes to the loop's
/// exception handler, and the connection is closed.
using connection_handler = std::function<coroutine<>(stream_reader, stream_writer)>;

struct server_options {
    int backlog = 100;
    bool reuse_port = false; ///< several loops listen on one port
    std::size_t limit_bytes = default_stream_limit_bytes;
};

namespace detail {
class server_state;
}

/// asyncio.Server: accepts until it is closed; dropping the handle does not close it. For the
/// loop's thread only.
class server {
public:
    explicit server(std::shared_ptr<detail::server_state> state) noexcept : of_(std::move(state)) {}

    /// Stops to listen and cancels `serve_forever`; connections that were accepted live on. Removes
    /// a Unix socket's path if it is still ours.
    void close() const;
    [[nodiscard]] bool is_serving() const noexcept;
    /// Resumes when the server is closed and the last connection's handler has ended.
    [[nodiscard]] coroutine<> wait_closed() const;
    /// Waits until it is cancelled, or the server closed; closes then, waits as `wait_closed` does,
    /// and throws the cancellation. Throws runtime_error if it is closed, or awaited already.
    [[nodiscard]] coroutine<> serve_forever() const;
    /// Closes what it has accepted and is still open: each sends what is buffered first. The
    /// handlers see the end of their streams.
    void close_clients() const;
    /// The same at once; what is buffered is lost.
    void abort_clients() const;
    /// The descriptors that listen, which stay the server's; empty once it is closed.
    [[nodiscard]] std::vector<int> sockets() const;
    /// Where it listens; empty once it is closed.
    [[nodiscard]] std::vector<endpoint> addresses() const;
    /// The port of the first address: what the kernel chose for port 0.
    [[nodiscard]] std::uint16_t port() const;

private:
    std::shared_ptr<detail::server_state> of_;
};

/// asyncio.start_server: listens on every address of the host, loopback unless told otherwise ("":
/// all interfaces). Port 0 lets the kernel choose. Out of descriptors or memory it tells the
/// exception handler, waits a second, and accepts again. Throws resolution_error,
/// std::system_error.
[[nodiscard]] coroutine<server> start_server(connection_handler handler,
                                             std::string host = "127.0.0.1", std::uint16_t port = 0,
                                             server_options options = {});

/// A socket that is bound to an address and listens: for start_server, also in another thread.
/// Uses `backlog` and `reuse_port`. Throws std::system_error.
[[nodiscard]] descriptor listen_on(endpoint const& address, server_options options = {});

/// asyncio.start_server(sock=): accepts from a stream socket that is bound, and becomes the
/// server's. Throws value_error for what is no stream socket, std::system_error.
[[nodiscard]] coroutine<server> start_server(connection_handler handler, descriptor listener,
                                             server_options options = {});

/// asyncio.start_unix_server. A socket that lies at the path and nobody listens on is replaced, as
/// asyncio does; a path that begins with '\0' is an abstract name.
[[nodiscard]] coroutine<server> start_unix_server(connection_handler handler, std::string path,
                                                  server_options options = {});

} // namespace siding
