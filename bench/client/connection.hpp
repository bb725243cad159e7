// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <sys/types.h>
#include <vector>

namespace client {

/// One connection to a server with at most one message under way. Every byte that comes back is
/// compared with what was sent, or with what HTTP makes of it.
class connection {
public:
    /// Connects, blocking until `deadline_ns` of CLOCK_MONOTONIC; the socket is non-blocking
    /// afterwards. Throws connect_timeout, load_error.
    connection(std::uint16_t port, std::uint64_t number, std::uint64_t seed,
               std::uint64_t message_bytes, std::uint64_t deadline_ns);
    connection(connection&& other) noexcept;
    connection& operator=(connection&&) = delete;
    ~connection();

    /// From now on a socket carries one message: `prepare_next` closes what has served, and
    /// `connect_anew` opens the next.
    void renew() noexcept { renewed_ = true; }
    /// Connects, if `prepare_next` has closed, from one of 64 addresses: the ports of one would all
    /// be waiting after 28,000. Throws as the constructor. True: `fd()` is another socket.
    bool connect_anew(std::uint64_t deadline_ns);

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] bool busy() const noexcept { return busy_; }
    /// The server has closed its side; what came before may still be read.
    [[nodiscard]] bool peer_ended() const noexcept { return peer_ended_; }
    [[nodiscard]] bool must_write() const noexcept { return busy_ && sent_ < message_.size(); }

    /// Fills in the next message and ends a socket that has served its one; apart from the send,
    /// for neither is part of a round trip. Not busy before.
    void prepare_next();
    /// From now on the first byte of a message is 1 in `dear_percent` of a hundred, else 0.
    void mark(std::uint64_t dear_percent) noexcept { dear_percent_ = dear_percent; }
    /// From now on messages differ only in the first eight bytes of each page.
    void stamp() noexcept { stamped_ = true; }
    /// From now on a message is `pipeline` HTTP requests with bodies of `body_bytes` bytes.
    void speak_http(std::uint64_t pipeline, std::uint64_t body_bytes);
    [[nodiscard]] std::size_t request_bytes() const noexcept { return message_.size(); }
    [[nodiscard]] std::size_t reply_bytes() const noexcept { return expected().size(); }
    /// Is the message under way, or the last, one of those?
    [[nodiscard]] bool dear() const noexcept { return dear_; }
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
    void open(std::uint64_t deadline_ns, std::uint32_t source);
    void fill_in_next();
    void prepare_http();
    void prepare_stamped();
    [[nodiscard]] std::vector<std::byte> const& expected() const noexcept {
        return pipeline_ == 0 ? message_ : reply_;
    }

    int fd_ = -1;
    std::uint16_t port_;
    bool stamped_ = false;
    bool used_ = false; ///< a message has been sent on this socket
    bool renewed_ = false;
    std::uint64_t number_;
    std::uint64_t seed_;
    std::uint64_t sequence_ = 0;
    std::optional<std::uint64_t> dear_percent_;
    bool dear_ = false;
    bool busy_ = false;
    bool write_failed_ = false;
    bool peer_ended_ = false;
    std::size_t sent_ = 0;
    std::size_t received_ = 0;
    std::uint64_t pipeline_ = 0; ///< 0: no HTTP
    std::vector<std::byte> body_;
    std::vector<std::byte> message_;
    std::vector<std::byte> reply_; ///< HTTP only
};

} // namespace client
