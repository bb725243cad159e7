// SPDX-License-Identifier: MIT
// A loop a worker. Sockets do not block: what a full socket does not take stays in its exchange,
// and that connection is not read until it is gone.
#include "cells.hpp"
#include "kernel/http.hpp"
#include "pool_of_loops.hpp"

#include <cstddef>
#include <list>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace thread_model {
namespace {

using contract::http;

struct connection {
    unique_fd fd;
    std::list<connection>::iterator here{}; ///< place in the list of all live connections
    kernel::http_exchange exchange{};
    bool full = false;
};

struct own_of_loop {
    std::vector<std::byte> buffer = std::vector<std::byte>(65'536);
    std::uint64_t requests = 0;
    std::uint64_t sent_bytes = 0;
};
using own_loop = worker_loop<own_of_loop>;

/// False when the connection is over. One read an event: if there is more, epoll says so again.
bool receive(own_loop& loop, connection& served) {
    auto& buffer = loop.own.buffer;
    auto const received = ::recv(served.fd.get(), buffer.data(), buffer.size(), 0);
    if (received == 0) return false;
    if (received == -1) return errno == EAGAIN || errno == EINTR;
    served.exchange.receive(std::span(buffer).first(static_cast<std::size_t>(received)));
    return true;
}

bool send_all(own_loop& loop, connection& served) {
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
        loop.own.sent_bytes += static_cast<std::uint64_t>(sent);
    }
    if (exchange.over()) ::shutdown(served.fd.get(), SHUT_WR);
    return true;
}

bool serve(own_loop& loop, connection& served) {
    auto const was_full = served.full;
    auto const requests = served.exchange.requests();
    auto const alive = (was_full || receive(loop, served)) && send_all(loop, served);
    loop.own.requests += served.exchange.requests() - requests;
    if (alive && served.full != was_full) {
        loop.ready.modify(served.fd.get(), served.full ? EPOLLOUT : EPOLLIN, &served);
    }
    return alive;
}

class http_on_loops final : public contract::session<http> {
public:
    explicit http_on_loops(contract::server_environment const& environment) : pool_(environment) {}

    http::outcome run(contract::probe&) override {
        http::outcome outcome;
        outcome.accepted =
            pool_.run([](unique_fd fd) { return connection{std::move(fd)}; }, &serve);
        for (auto const& loop : pool_.loops()) {
            outcome.requests += loop->own.requests;
            outcome.sent_bytes += loop->own.sent_bytes;
        }
        return outcome;
    }

private:
    pool_of_loops<connection, own_of_loop> pool_;
};

} // namespace

std::unique_ptr<contract::session<http>> make_http_pool(http::params const&,
                                                        http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<http_on_loops>(environment);
}

} // namespace thread_model
