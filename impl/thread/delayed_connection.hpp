// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/delay.hpp"
#include "kernel/frames.hpp"
#include "poller.hpp"
#include "posix.hpp"
#include "timer_heap.hpp"

#include <chrono>
#include <list>
#include <span>
#include <sys/socket.h>

namespace thread_model {

/// A non-blocking connection of `delay`, and the request that waits, if one does.
struct delayed_connection {
    unique_fd fd;
    kernel::frames frames;
    std::list<delayed_connection>::iterator here{}; ///< place in the list of all live connections
    std::span<std::byte const> waiting{};
    bool unwatched = false; ///< its peer did not wait for the answer: look again afterwards
};

/// Of one loop: who waits there, and the requests answered.
struct delayed_requests {
    std::uint64_t answered = 0;
    timer_heap<delayed_connection> timers{};
};

/// Takes the next request that has come, if any, and lets it wait.
inline void start_to_wait(delayed_requests& own, delayed_connection& from,
                          std::chrono::nanoseconds length) {
    from.waiting = from.frames.next();
    if (!from.waiting.empty()) own.timers.start(from, length);
}

/// One read. False when the connection is over. A peer that closes or sends more while its request
/// waits is not looked at until it has its answer: level-triggered, epoll would go on about it.
inline bool receive_delayed(poller& ready, delayed_requests& own, delayed_connection& from,
                            std::chrono::nanoseconds length) {
    if (!from.waiting.empty()) {
        ready.remove(from.fd.get());
        from.unwatched = true;
        return true;
    }
    auto const room = from.frames.room();
    auto const received = ::recv(from.fd.get(), room.data(), room.size(), 0);
    if (received == 0) return false;
    if (received == -1) return errno == EAGAIN || errno == EINTR;
    from.frames.received(static_cast<std::size_t>(received));
    start_to_wait(own, from, length);
    return true;
}

/// Answers the request that has waited. False when the connection is over.
inline bool answer_delayed(poller& ready, delayed_requests& own, delayed_connection& to,
                           std::chrono::nanoseconds length) {
    auto const bytes = to.waiting.size();
    auto const sent = ::send(to.fd.get(), to.waiting.data(), bytes, MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes)) return false;
    ++own.answered;
    start_to_wait(own, to, length);
    if (to.waiting.empty() && std::exchange(to.unwatched, false)) {
        ready.add(to.fd.get(), EPOLLIN, &to);
    }
    return true;
}

} // namespace thread_model
