// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/mixed.hpp"
#include "kernel/frames.hpp"
#include "posix.hpp"

#include <list>
#include <span>
#include <sys/socket.h>

namespace process {

/// A non-blocking connection of `mixed`, and what has come of its next request.
struct framed_connection {
    unique_fd fd;
    kernel::frames frames;
    std::list<framed_connection>::iterator here{}; ///< place in the list of all live connections
    std::span<std::byte const> burning{};          ///< the request that somebody else has, if any
};

enum class served {
    all,    ///< what has come is answered
    handed, ///< somebody else burns for the connection: do not read it
    closed  ///< the connection is over
};

/// One send, which the socket takes whole unless the peer does not take its answers.
inline bool answer(framed_connection const& to, std::span<std::byte const> message,
                   contract::mixed::outcome& outcome) {
    auto const sent = ::send(to.fd.get(), message.data(), message.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(message.size())) return false;
    ++outcome.requests;
    if (contract::mixed::is_dear(message.front())) ++outcome.dear;
    return true;
}

/// Answers the requests that have come. `burn()` burns; false: it will be done elsewhere.
template <class Burn>
served serve_received(framed_connection& from, contract::mixed::outcome& outcome, Burn&& burn) {
    for (auto message = from.frames.next(); !message.empty(); message = from.frames.next()) {
        if (contract::mixed::is_dear(message.front()) && !burn()) {
            from.burning = message;
            return served::handed;
        }
        if (!answer(from, message, outcome)) return served::closed;
    }
    return served::all;
}

/// One read, and the answers. If there is more to read, a level-triggered epoll says so again.
template <class Burn>
served serve(framed_connection& from, contract::mixed::outcome& outcome, Burn&& burn) {
    auto const room = from.frames.room();
    auto const received = ::recv(from.fd.get(), room.data(), room.size(), 0);
    if (received == 0) return served::closed;
    if (received == -1) return errno == EAGAIN || errno == EINTR ? served::all : served::closed;
    from.frames.received(static_cast<std::size_t>(received));
    return serve_received(from, outcome, burn);
}

} // namespace process
