// SPDX-License-Identifier: MIT
// One thread, one epoll, each socket registered once, edge-triggered; the connection is looked up
// by its descriptor. A read that does not fill the buffer has drained the socket, so that a request
// costs epoll_wait, recv and send, and no call that only finds out that there is nothing.
#include "cells.hpp"
#include "kernel/http.hpp"
#include "posix.hpp"

#include <array>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

namespace floor_model {
namespace {

using contract::http;

constexpr std::uint32_t connection_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
/// A peer that keeps the socket full yields to the others after this many reads.
constexpr int reads_per_turn = 16;

struct connection {
    unique_fd socket;
    bool hung_up = false; ///< the peer has closed its side: end of file comes unannounced
    bool full = false;    ///< the peer does not read, so neither do we
    kernel::http_exchange exchange;
};

class epoll_server final : public contract::session<http> {
public:
    explicit epoll_server(contract::server_environment const& environment)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          buffer_(65'536) {
        watch(EPOLL_CTL_ADD, listen_fd_, EPOLLIN | EPOLLET);
        watch(EPOLL_CTL_ADD, stop_fd_, EPOLLIN);
    }

    http::outcome run(contract::probe&) override {
        outcome_ = {};
        for (bool stopped = false; !stopped;) {
            std::array<epoll_event, 256> events;
            int const count =
                ::epoll_wait(epoll_.get(), events.data(), events.size(), patience_ms_);
            if (count == -1 && errno != EINTR) throw_errno("epoll_wait");
            for (auto const& event : std::span(events.data(), count < 0 ? 0u : unsigned(count))) {
                if (event.data.fd == stop_fd_) {
                    stopped = true;
                } else if (event.data.fd == listen_fd_) {
                    accept_all();
                } else {
                    serve(connections_[static_cast<std::size_t>(event.data.fd)], event.events);
                }
            }
            if (patience_ms_ != -1) accept_all();
        }
        connections_.clear();
        return outcome_;
    }

private:
    void watch(int operation, int fd, std::uint32_t mask) {
        epoll_event event{.events = mask, .data = {.fd = fd}};
        checked(::epoll_ctl(epoll_.get(), operation, fd, &event), "epoll_ctl");
    }

    void accept_all() {
        patience_ms_ = -1;
        for (;;) {
            unique_fd socket(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!socket) {
                if (errno == EAGAIN) return;
                if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
                if (!out_of_descriptors(errno)) throw_errno("accept");
                patience_ms_ = accept_again_after_ms;
                return;
            }
            ++outcome_.accepted;
            int const fd = socket.get();
            int const on = 1;
            // Fails only for a peer that has reset meanwhile; the first read will tell.
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connections_.size() <= std::size_t(fd)) connections_.resize(std::size_t(fd) + 1);
            connections_[std::size_t(fd)] = {std::move(socket), false, false, {}};
            watch(EPOLL_CTL_ADD, fd, connection_events);
        }
    }

    void serve(connection& c, std::uint32_t mask) {
        if ((mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) c.hung_up = true;
        if (c.full && !send_all(c)) return;
        for (int reads = 0; reads < reads_per_turn; ++reads) {
            auto const received = ::recv(c.socket.get(), buffer_.data(), buffer_.size(), 0);
            if (received <= 0) {
                if (received == -1 && errno == EINTR) continue;
                if (received == 0 || errno != EAGAIN) c.socket.close();
                return;
            }
            std::span const data(buffer_.data(), static_cast<std::size_t>(received));
            auto const before = c.exchange.requests();
            c.exchange.receive(data);
            outcome_.requests += c.exchange.requests() - before;
            if (!send_all(c)) return;
            // What arrives after a short read raises a new edge, except an end of file whose edge
            // has been delivered already.
            if (data.size() < buffer_.size() && !c.hung_up) return;
        }
        // The edge is spent and there may be more: modifying the entry makes epoll look again.
        watch(EPOLL_CTL_MOD, c.socket.get(), connection_events);
    }

    /// False when the socket is full, or closed after an error.
    bool send_all(connection& c) {
        c.full = false;
        for (auto rest = c.exchange.unsent(); !rest.empty(); rest = c.exchange.unsent()) {
            auto const sent = ::send(c.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                c.exchange.sent(static_cast<std::size_t>(sent));
                outcome_.sent_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno == EAGAIN) {
                c.full = true;
                return false;
            } else if (errno != EINTR) {
                c.socket.close();
                return false;
            }
        }
        if (c.exchange.over()) ::shutdown(c.socket.get(), SHUT_WR);
        return true;
    }

    int listen_fd_;
    int stop_fd_;
    int patience_ms_ = -1; ///< while descriptors are lacking: until accept is tried again
    unique_fd epoll_;
    std::vector<std::byte> buffer_;
    std::vector<connection> connections_; ///< by descriptor
    http::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_epoll(http::params const&,
                                                         http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<epoll_server>(environment);
}

} // namespace floor_model
