// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <span>
#include <sys/socket.h>

namespace client {

/// Where a server listens; in host order.
struct peer {
    std::uint32_t address = INADDR_LOOPBACK;
    std::uint16_t port = 0;
};

/// A TCP connection to a server; none until `open`.
class socket {
public:
    /// Connects from `source` (0: the kernel chooses), blocking until `deadline_ns` of
    /// CLOCK_MONOTONIC; non-blocking afterwards. `number` names it in what is thrown:
    /// connect_timeout, no_route, load_error.
    void open(peer const& to, std::uint64_t number, std::uint64_t deadline_ns,
              std::uint32_t source = 0);
    void close() noexcept;

    [[nodiscard]] bool is_open() const noexcept { return file_.get() != -1; }
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

    /// How many of the bytes it takes now.
    [[nodiscard]] std::size_t send(std::span<std::byte const> bytes) noexcept;
    /// Sending has failed.
    [[nodiscard]] bool is_broken() const noexcept { return broken_; }

    /// How many bytes were there; 0: none for now. Nothing: the server or an error has ended it.
    [[nodiscard]] std::optional<std::size_t> receive(std::span<std::byte> room) noexcept;

private:
    proc::unique_fd file_;
    bool broken_ = false;
};

// Once a message each: inline.
inline std::size_t socket::send(std::span<std::byte const> bytes) noexcept {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        auto const taken = ::send(fd(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (taken < 0) {
            if (errno == EINTR) continue;
            broken_ = broken_ || errno != EAGAIN;
            break;
        }
        sent += static_cast<std::size_t>(taken);
    }
    return sent;
}

inline std::optional<std::size_t> socket::receive(std::span<std::byte> room) noexcept {
    for (;;) {
        auto const bytes = ::recv(fd(), room.data(), room.size(), 0);
        if (bytes > 0) return static_cast<std::size_t>(bytes);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes < 0 && errno == EAGAIN) return 0;
        return {};
    }
}

} // namespace client
