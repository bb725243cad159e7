// SPDX-License-Identifier: MIT
// `workers` pre-forked children, each with an epoll loop of its own. The parent accepts and passes
// the sockets to the children in turn, so that each has its share. Sockets do not block: what a
// full socket does not take stays in its exchange, and that connection is not read until it is
// gone.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/http.hpp"
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

using contract::http;

struct connection {
    unique_fd fd;
    std::list<connection>::iterator here{};
    kernel::http_exchange exchange{};
    bool full = false;
};

/// The loop of one child.
class server {
public:
    server(socket_channel const& channel, int stop_fd) : channel_(channel) {
        ready_.add(stop_fd, EPOLLIN, &stop_tag_);
        ready_.add(channel.child_end(), EPOLLIN, &channel_tag_);
    }

    http::outcome run() {
        for (;;) {
            for (auto const& event : ready_.wait()) {
                if (event.data.ptr == &stop_tag_) return told_;
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
        auto const was_full = served.full;
        auto const requests = served.exchange.requests();
        auto const alive = (was_full || receive(served)) && send_all(served);
        told_.requests += served.exchange.requests() - requests;
        if (!alive) {
            // Closing is not enough: the parent's copy may live a moment longer, and until the last
            // copy is closed epoll would go on to report this connection.
            ready_.remove(served.fd.get());
            connections_.erase(served.here);
            return;
        }
        if (served.full != was_full) {
            ready_.modify(served.fd.get(), served.full ? EPOLLOUT : EPOLLIN, &served);
        }
    }

    /// False when the connection is over. One read an event: if there is more, epoll says so again.
    bool receive(connection& served) {
        auto const received = ::recv(served.fd.get(), buffer_.data(), buffer_.size(), 0);
        if (received == 0) return false;
        if (received == -1) return errno == EAGAIN || errno == EINTR;
        served.exchange.receive(std::span(buffer_).first(static_cast<std::size_t>(received)));
        return true;
    }

    bool send_all(connection& served) {
        auto& exchange = served.exchange;
        served.full = false;
        for (auto rest = exchange.unsent(); !rest.empty(); rest = exchange.unsent()) {
            auto const sent = ::send(served.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent == -1) {
                if (errno == EINTR) continue;
                served.full = errno == EAGAIN;
                return served.full;
            }
            exchange.sent(static_cast<std::size_t>(sent));
            told_.sent_bytes += static_cast<std::uint64_t>(sent);
        }
        if (exchange.over()) ::shutdown(served.fd.get(), SHUT_WR);
        return true;
    }

    socket_channel const& channel_;
    char stop_tag_ = 0;
    char channel_tag_ = 0;
    poller ready_;
    std::list<connection> connections_;
    http::outcome told_;
    std::array<std::byte, 65'536> buffer_;
};

class pre_forked final : public contract::session<http> {
public:
    explicit pre_forked(contract::environment const& environment)
        : listen_fd_(environment.listen_fd),
          stop_fd_(environment.stop_fd),
          channels_(environment.limits.workers),
          told_(environment.limits.workers),
          children_(environment.limits.workers, [&](std::uint64_t child) {
              return [this, child](contract::probe&) {
                  told_[child].value = server(channels_[child], stop_fd_).run();
              };
          }) {}

    http::outcome run(contract::probe& probe) override {
        children_.start(probe);
        http::outcome outcome;
        while (auto const connection = accept_next()) {
            channels_[outcome.accepted++ % channels_.size()].send(connection.get());
        }
        children_.finish();
        for (auto const& [mine] : told_.all()) {
            outcome.requests += mine.requests;
            outcome.sent_bytes += mine.sent_bytes;
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
    shared_array<own_line<http::outcome>> told_;
    child_pool children_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_event(http::params const&,
                                                         contract::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<pre_forked>(environment);
}

} // namespace process
