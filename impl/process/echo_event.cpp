// SPDX-License-Identifier: MIT
// `workers` pre-forked children, each with an epoll loop of its own. The parent accepts and passes
// the sockets to the children in turn, so that each has its share. Sockets do not block: what a
// full socket does not take is kept, and that connection is not read until it is gone.
#include "cells.hpp"
#include "child_pool.hpp"
#include "contract/echo_service.hpp"
#include "poller.hpp"
#include "shared_memory.hpp"
#include "socket_channel.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace process {
namespace {

using contract::echo;

struct connection {
    unique_fd fd;
    std::list<connection>::iterator here{};
    std::vector<std::byte> unsent{};
};

/// The loop of one child.
class server {
public:
    server(socket_channel const& channel, int stop_fd) : channel_(channel) {
        ready_.add(stop_fd, EPOLLIN, &stop_tag_);
        ready_.add(channel.child_end(), EPOLLIN, &channel_tag_);
    }

    std::uint64_t run() {
        for (;;) {
            for (auto const& event : ready_.wait()) {
                if (event.data.ptr == &stop_tag_) return echoed_bytes_;
                if (event.data.ptr == &channel_tag_) {
                    adopt(channel_.receive());
                } else {
                    serve(*static_cast<connection*>(event.data.ptr));
                }
            }
        }
    }

private:
    void adopt(unique_fd fd) {
        if (!fd) return;
        auto const here = connections_.insert(connections_.end(), connection{std::move(fd)});
        here->here = here;
        ready_.add(here->fd.get(), EPOLLIN, &*here);
    }

    void serve(connection& served) {
        auto const was_full = !served.unsent.empty();
        auto const alive = was_full ? send_rest(served) : echo_once(served);
        if (!alive) {
            // Closing is not enough: the parent's copy may live a moment longer, and until the last
            // copy is closed epoll would go on to report this connection.
            ready_.remove(served.fd.get());
            connections_.erase(served.here);
            return;
        }
        auto const is_full = !served.unsent.empty();
        if (is_full != was_full) {
            ready_.modify(served.fd.get(), is_full ? EPOLLOUT : EPOLLIN, &served);
        }
    }

    /// False when the connection is over. One read an event: if there is more, epoll says so again.
    bool echo_once(connection& served) {
        auto const received = ::recv(served.fd.get(), buffer_.data(), buffer_.size(), 0);
        if (received == 0) return false;
        if (received == -1) return errno == EAGAIN || errno == EINTR;
        auto const bytes =
            std::span<std::byte const>(buffer_).first(static_cast<std::size_t>(received));
        auto const sent = send_some(served, bytes);
        if (sent == -1) return false;
        auto const rest = bytes.subspan(static_cast<std::size_t>(sent));
        served.unsent.assign(rest.begin(), rest.end());
        return true;
    }

    bool send_rest(connection& served) {
        auto const sent = send_some(served, served.unsent);
        if (sent == -1) return false;
        served.unsent.erase(served.unsent.begin(), served.unsent.begin() + sent);
        return true;
    }

    /// The number of bytes that the socket took, perhaps 0; -1 when the connection is over.
    ssize_t send_some(connection const& served, std::span<std::byte const> bytes) {
        auto const sent = ::send(served.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent == -1) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        echoed_bytes_ += static_cast<std::uint64_t>(sent);
        return sent;
    }

    socket_channel const& channel_;
    char stop_tag_ = 0;
    char channel_tag_ = 0;
    poller ready_;
    std::list<connection> connections_;
    std::uint64_t echoed_bytes_ = 0;
    std::array<std::byte, 65'536> buffer_;
};

class pre_forked final : public contract::session<echo> {
public:
    explicit pre_forked(contract::environment const& environment)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          channels_(environment.limits.workers),
          echoed_bytes_(environment.limits.workers),
          children_(environment.limits.workers, [&](std::uint64_t child) {
              return [this, child](contract::probe&) {
                  echoed_bytes_[child].value = server(channels_[child], stop_fd_).run();
              };
          }) {}

    echo::outcome run(contract::probe& probe) override {
        children_.start(probe);
        echo::outcome outcome;
        while (auto const connection = accept_next()) {
            channels_[outcome.accepted++ % channels_.size()].send(connection.get());
        }
        children_.finish();
        for (auto const& [mine] : echoed_bytes_.all()) {
            outcome.echoed_bytes += mine;
        }
        return outcome;
    }

private:
    /// Waits for the next connection; none when it is time to stop.
    unique_fd accept_next() {
        for (;;) {
            unique_fd fd(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (fd) {
                int const on = 1;
                // A peer that has reset meanwhile makes this fail; the first read will tell.
                ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                return fd;
            }
            auto const lacking = out_of_descriptors(errno);
            if (!lacking && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
                throw_errno("accept");
            }
            std::array<pollfd, 2> ready{{{stop_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}}};
            auto const patience_ms = lacking ? accept_again_after_ms : -1;
            if (::poll(ready.data(), lacking ? 1 : 2, patience_ms) == -1 && errno != EINTR) {
                throw_errno("poll");
            }
            if (ready[0].revents != 0) return {};
        }
    }

    int listen_fd_;
    int stop_fd_;
    std::vector<socket_channel> channels_;
    shared_array<own_line<std::uint64_t>> echoed_bytes_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_event(echo::params const&,
                                                         contract::environment const& environment) {
    return std::make_unique<pre_forked>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_event(contract::pump::params const& params, contract::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_event(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_event(contract::accept::params const& params, contract::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_event(contract::as_echo(params), around));
}

} // namespace process
