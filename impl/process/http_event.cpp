// SPDX-License-Identifier: MIT
// A loop a child. Sockets do not block: what a full socket does not take stays in its exchange, and
// that connection is not read until it is gone.
#include "cells.hpp"
#include "kernel/http.hpp"
#include "pre_forked_loops.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace process {
namespace {

using contract::http;

/// Of one child.
class http_server {
public:
    struct connection {
        unique_fd fd;
        std::list<connection>::iterator here{};
        kernel::http_exchange exchange{};
        bool full = false;
    };

    static connection open(unique_fd fd) { return {std::move(fd)}; }

    bool serve(poller& ready, connection& served) {
        auto const was_full = served.full;
        auto const requests = served.exchange.requests();
        auto const alive = (was_full || receive(served)) && send_all(served);
        account_.requests += served.exchange.requests() - requests;
        if (alive && served.full != was_full) {
            ready.modify(served.fd.get(), served.full ? EPOLLOUT : EPOLLIN, &served);
        }
        return alive;
    }

    [[nodiscard]] http::outcome outcome() const noexcept { return account_; }

private:
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
            account_.sent_bytes += static_cast<std::uint64_t>(sent);
        }
        if (exchange.over()) ::shutdown(served.fd.get(), SHUT_WR);
        return true;
    }

    http::outcome account_;
    std::array<std::byte, 65'536> buffer_;
};

class http_in_children final : public contract::session<http> {
public:
    explicit http_in_children(contract::server_environment const& environment)
        : loops_(environment, [] { return http_server(); }) {}

    http::outcome run(contract::probe& probe) override {
        http::outcome outcome;
        outcome.accepted = loops_.run(probe);
        loops_.for_each_outcome([&](auto const& mine) {
            outcome.requests += mine.requests;
            outcome.sent_bytes += mine.sent_bytes;
        });
        return outcome;
    }

private:
    pre_forked_loops<http_server, http::outcome> loops_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_event(http::params const&,
                                                         http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<http_in_children>(environment);
}

} // namespace process
