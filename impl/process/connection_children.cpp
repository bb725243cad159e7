// SPDX-License-Identifier: MIT
#include "connection_children.hpp"

#include "posix.hpp"

#include <array>
#include <atomic>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace process {
namespace {

// A child's own; its signal handler touches nothing else. Sequentially consistent: the handler and
// `serve_connections` must agree on which of the two saw the other's write.
std::atomic<bool> stopping = false;
std::atomic<int> serving = -1;

extern "C" void shut_down_served(int) {
    auto const before = errno;
    stopping = true;
    if (auto const fd = serving.load(); fd != -1) ::shutdown(fd, SHUT_RDWR);
    errno = before;
}

class acceptor {
public:
    acceptor(int listen_fd, int stop_fd) : listen_fd_(listen_fd), stop_fd_(stop_fd) {
        // Exclusive: one connection wakes one child, not all.
        watch(listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
        watch(stop_fd, EPOLLIN);
    }

    /// Waits for the next connection; none when it is time to stop.
    unique_fd accept_next() {
        while (!stopping) {
            std::array<epoll_event, 2> events;
            auto const ready = ::epoll_wait(epoll_.get(), events.data(), 2, -1);
            if (ready == -1) {
                if (errno == EINTR) continue;
                throw_errno("epoll_wait");
            }
            for (auto const& event : std::span(events).first(static_cast<std::size_t>(ready))) {
                if (event.data.fd == stop_fd_) return {};
            }
            // The accepted socket blocks, though the listening one does not.
            unique_fd connection(::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC));
            if (connection) {
                int const on = 1;
                // A peer that has reset meanwhile makes this fail; the first read will tell.
                ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                return connection;
            }
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
        }
        return {};
    }

private:
    void watch(int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    int listen_fd_;
    int stop_fd_;
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
};

} // namespace

void end_serving_at_sigterm() {
    struct sigaction action {};
    action.sa_handler = shut_down_served;
    checked(::sigaction(SIGTERM, &action, nullptr), "sigaction");
}

std::uint64_t serve_connections(int listen_fd, int stop_fd, std::function<void(int)> const& serve) {
    acceptor source(listen_fd, stop_fd);
    std::uint64_t accepted = 0;
    while (auto const connection = source.accept_next()) {
        ++accepted;
        serving = connection.get();
        // From here on the handler shuts it down; before, it could only set the flag.
        if (!stopping) serve(connection.get());
        serving = -1;
    }
    return accepted;
}

void wait_until_readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    while (::poll(&ready, 1, -1) == -1) {
        if (errno != EINTR) throw_errno("poll");
    }
}

} // namespace process
