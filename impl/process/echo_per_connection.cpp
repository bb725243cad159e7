// SPDX-License-Identifier: MIT
// One pre-forked child per connection: each accepts from the shared socket, reads and writes with
// blocking calls until its peer closes, and accepts again. A child that is blocked in a read cannot
// watch the stop descriptor: the parent does, and its SIGTERM shuts down what the child serves.
#include "cells.hpp"
#include "child_limit.hpp"
#include "child_pool.hpp"
#include "contract/echo_service.hpp"
#include "posix.hpp"
#include "shared_memory.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace process {
namespace {

using contract::echo;

// A child's own; its signal handler touches nothing else. Sequentially consistent: the handler and
// `serve` must agree on which of the two saw the other's write.
std::atomic<bool> stopping = false;
std::atomic<int> serving = -1;

extern "C" void shut_down_connection(int) {
    auto const before = errno;
    stopping = true;
    if (auto const fd = serving.load(); fd != -1) ::shutdown(fd, SHUT_RDWR);
    errno = before;
}

void handle_sigterm() {
    struct sigaction action {};
    action.sa_handler = shut_down_connection;
    checked(::sigaction(SIGTERM, &action, nullptr), "sigaction");
}

class server {
public:
    server(int listen_fd, int stop_fd) : listen_fd_(listen_fd), stop_fd_(stop_fd) {
        // Exclusive: one connection wakes one child, not all.
        watch(listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
        watch(stop_fd, EPOLLIN);
    }

    echo::outcome run() {
        while (auto const connection = accept_next()) {
            ++outcome_.accepted;
            serving = connection.get();
            // From here on the handler shuts it down; before, it could only set the flag.
            if (!stopping) echo_until_closed(connection.get());
            serving = -1;
        }
        return outcome_;
    }

private:
    void watch(int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        checked(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
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

    void echo_until_closed(int connection) {
        for (;;) {
            auto const received = ::recv(connection, buffer_.data(), buffer_.size(), 0);
            if (received == 0) return;
            if (received < 0) {
                if (errno == EINTR) continue;
                return;
            }
            auto rest = std::span(buffer_).first(static_cast<std::size_t>(received));
            while (!rest.empty()) {
                auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
                if (sent >= 0) {
                    rest = rest.subspan(static_cast<std::size_t>(sent));
                    outcome_.echoed_bytes += static_cast<std::uint64_t>(sent);
                } else if (errno != EINTR) {
                    return;
                }
            }
        }
    }

    int listen_fd_;
    int stop_fd_;
    unique_fd epoll_{checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    echo::outcome outcome_;
    std::array<std::byte, 65'536> buffer_;
};

class child_per_connection final : public contract::session<echo> {
public:
    child_per_connection(echo::params const& params, contract::environment const& environment)
        : stop_fd_(environment.stop_fd),
          outcomes_(params.connections),
          children_(params.connections, [&](std::uint64_t child) {
              handle_sigterm();
              return [this, child, listen_fd = environment.listen_fd](contract::probe&) {
                  outcomes_[child].value = server(listen_fd, stop_fd_).run();
              };
          }) {}

    echo::outcome run(contract::probe& probe) override {
        children_.start(probe);
        pollfd stop{stop_fd_, POLLIN, 0};
        while (::poll(&stop, 1, -1) == -1) {
            if (errno != EINTR) throw_errno("poll");
        }
        children_.signal_all(SIGTERM);
        children_.finish();
        echo::outcome outcome;
        for (auto const& [mine] : outcomes_.all()) {
            outcome.accepted += mine.accepted;
            outcome.echoed_bytes += mine.echoed_bytes;
        }
        return outcome;
    }

private:
    int stop_fd_;
    shared_array<own_line<echo::outcome>> outcomes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<echo>>
make_echo_per_connection(echo::params const& params, contract::environment const& environment) {
    require_children(params.connections, "connection");
    return std::make_unique<child_per_connection>(params, environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_per_connection(contract::pump::params const& params,
                         contract::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_per_connection(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_per_connection(contract::accept::params const& params,
                           contract::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_per_connection(contract::as_echo(params), around));
}

} // namespace process
