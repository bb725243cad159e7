// SPDX-License-Identifier: MIT
#pragma once

#include "client/exchange/exchange.hpp"
#include "client/load/load.hpp"
#include "client/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace client {

/// One connection to a server with at most one message under way. Every byte that comes back is
/// compared with what its exchange expects.
class connection {
public:
    /// Connects, blocking until `deadline_ns` of CLOCK_MONOTONIC; the socket is non-blocking
    /// afterwards. Throws connect_timeout, load_error.
    connection(load const& asked, std::uint64_t number, std::uint64_t deadline_ns);

    /// With a socket for each message: connects, if `prepare_next` has closed, from the next of the
    /// source addresses. Throws as the constructor.
    /// True: `fd()` is another socket.
    bool connect_anew(std::uint64_t deadline_ns);

    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
    [[nodiscard]] bool busy() const noexcept { return busy_; }
    /// The server has closed its side; what came before may still be read.
    [[nodiscard]] bool peer_ended() const noexcept { return peer_ended_; }
    [[nodiscard]] bool must_write() const noexcept {
        return busy_ && sent_ < exchange_->message().size();
    }
    /// With the message under way, or the last.
    [[nodiscard]] exchange const& spoken() const noexcept { return *exchange_; }

    /// Fills in the next message and ends a socket that has served its one; apart from the send,
    /// for neither is part of a round trip. Not busy before.
    void prepare_next();
    /// Sends what the socket takes of the message that was prepared.
    void send_prepared();
    /// Sends the rest, when the socket has become writable.
    void send_rest();

    enum class progress {
        waits,     ///< the reply is not complete
        complete,  ///< the reply is complete and right
        closed,    ///< the server has closed or reset the connection
        mismatched ///< a wrong byte, or one that nobody asked for
    };
    /// Reads what there is. `peer_ended`: the poller saw the end of the stream, which it tells
    /// once.
    [[nodiscard]] progress receive(bool peer_ended);

    std::uint64_t intended_ns = 0; ///< when the message under way was to start
    std::uint64_t sent_ns = 0;     ///< when it did
    std::uint64_t served = 0;      ///< replies in the measured window
    std::uint64_t first_ns = 0;    ///< first send and last reply in the window
    std::uint64_t last_ns = 0;

private:
    socket socket_;
    std::unique_ptr<exchange> exchange_;
    std::uint64_t number_;
    std::uint64_t prepared_ = 0; ///< messages
    std::size_t sent_ = 0;       ///< of the message, bytes
    std::size_t received_ = 0;   ///< of its reply
    peer server_;
    source_addresses sources_;
    bool reconnects_;
    bool used_ = false; ///< a message has been sent on this socket
    bool busy_ = false;
    bool peer_ended_ = false;
};

} // namespace client
