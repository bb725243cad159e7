// SPDX-License-Identifier: MIT
// One thread, one epoll, each socket registered once, edge-triggered; the connection is looked up
// by its descriptor. A read that does not fill the buffer has drained the socket, so that a message
// costs epoll_wait, recv and send, and no call that only finds out that there is nothing.
#include "cells.hpp"
#include "contract/echo_service.hpp"
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

using contract::echo;

constexpr std::uint32_t connection_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
/// A peer that keeps the socket full yields to the others after this many reads.
/// Few, so that meanwhile more bytes come: 2 took 0.88 of the CPU of 16 in `pump` with 8
/// connections.
constexpr int reads_per_turn = 2;

struct connection {
    unique_fd socket;
    bool hung_up = false;          ///< the peer has closed its side: end of file comes unannounced
    std::vector<std::byte> unsent; ///< not empty: the peer does not read, so neither do we
};

class epoll_server final : public contract::session<echo> {
public:
    explicit epoll_server(contract::server_environment const& environment)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
          buffer_(65'536) {
        watch(EPOLL_CTL_ADD, listen_fd_, EPOLLIN | EPOLLET);
        watch(EPOLL_CTL_ADD, stop_fd_, EPOLLIN);
    }

    echo::outcome run(contract::probe&) override {
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
            connections_[std::size_t(fd)] = {std::move(socket), false, {}};
            watch(EPOLL_CTL_ADD, fd, connection_events);
        }
    }

    void serve(connection& c, std::uint32_t mask) {
        if ((mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) c.hung_up = true;
        if (!c.unsent.empty()) {
            auto const sent = send_some(c, c.unsent);
            c.unsent.erase(c.unsent.begin(), c.unsent.begin() + static_cast<std::ptrdiff_t>(sent));
            if (!c.unsent.empty() || !c.socket) return;
        }
        for (int reads = 0; reads < reads_per_turn; ++reads) {
            auto const received = ::recv(c.socket.get(), buffer_.data(), buffer_.size(), 0);
            if (received <= 0) {
                if (received == -1 && errno == EINTR) continue;
                if (received == 0 || errno != EAGAIN) c.socket.close();
                return;
            }
            std::span const data(buffer_.data(), static_cast<std::size_t>(received));
            auto const rest = data.subspan(send_some(c, data));
            if (!c.socket) return;
            if (!rest.empty()) {
                c.unsent.assign(rest.begin(), rest.end());
                return;
            }
            // What arrives after a short read raises a new edge, except an end of file whose edge
            // has been delivered already.
            if (data.size() < buffer_.size() && !c.hung_up) return;
        }
        // The edge is spent and there may be more: modifying the entry makes epoll look again.
        watch(EPOLL_CTL_MOD, c.socket.get(), connection_events);
    }

    /// Sends until everything is out or the socket is full; closes the socket on an error. Returns
    /// the number of bytes sent.
    std::size_t send_some(connection& c, std::span<std::byte const> data) {
        auto rest = data;
        while (!rest.empty()) {
            auto const sent = ::send(c.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                rest = rest.subspan(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN) {
                break;
            } else if (errno != EINTR) {
                c.socket.close();
                break;
            }
        }
        outcome_.echoed_bytes += data.size() - rest.size();
        return data.size() - rest.size();
    }

    int listen_fd_;
    int stop_fd_;
    int patience_ms_ = -1; ///< while descriptors are lacking: until accept is tried again
    unique_fd epoll_;
    std::vector<std::byte> buffer_;
    std::vector<connection> connections_; ///< by descriptor
    echo::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_epoll(echo::params const&,
                                                         echo::environment const& environment) {
    return std::make_unique<epoll_server>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_epoll(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_epoll(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_epoll(contract::accept::params const& params,
                  contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_epoll(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_epoll(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        make_echo_epoll(contract::as_echo(params), around));
}

} // namespace floor_model
