// SPDX-License-Identifier: MIT
#pragma once

#include "siding/coroutine.hpp"
#include "siding/io/descriptor.hpp"
#include "siding/io/endpoint.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace siding {

/// A datagram that has arrived, whole.
struct datagram {
    std::string data;
    endpoint from;
};

struct datagram_options {
    std::optional<endpoint> local{}; ///< to bind to
    std::optional<endpoint>
        remote{}; ///< the only peer; then the kernel reports that it is not there
    bool reuse_port = false;
    bool allow_broadcast = false;
};

/// asyncio's datagram endpoint, as coroutines: nothing is received before somebody asks, and the
/// kernel's buffer holds or drops the rest. For the loop's thread only; one task at a time
/// receives, one sends.
///
/// Every call throws std::system_error. With a remote, ECONNREFUSED says that nobody listened to an
/// earlier datagram; the endpoint can be used again. Cancelled, a receive has taken nothing.
class datagram_endpoint {
public:
    explicit datagram_endpoint(datagram_options const& options);

    /// The next datagram; resumes in this task.
    [[nodiscard]] coroutine<datagram> receive();
    /// Hands it to the kernel, waiting while that has no room. It may be lost all the same.
    [[nodiscard]] coroutine<> send(std::string data);
    [[nodiscard]] coroutine<> send_to(std::string data, endpoint to);
    /// Who waits gets EBADF.
    void close() noexcept { socket_.reset(); }
    [[nodiscard]] bool is_closing() const noexcept { return !socket_; }
    [[nodiscard]] std::optional<endpoint> local_address() const {
        return endpoint::local_of(socket_.get());
    }

private:
    descriptor socket_;
};

} // namespace siding
