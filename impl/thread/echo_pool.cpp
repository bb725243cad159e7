// SPDX-License-Identifier: MIT
// A loop a worker. Sockets do not block: what a full socket does not take is kept, and that
// connection is not read until it is gone.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "pool_of_loops.hpp"

#include <cstddef>
#include <list>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace thread_model {
namespace {

using contract::echo;

struct connection {
    unique_fd fd;
    std::list<connection>::iterator here{}; ///< place in the list of all live connections
    std::vector<std::byte> unsent{};
};

struct own_of_loop {
    std::vector<std::byte> buffer = std::vector<std::byte>(65'536);
    std::uint64_t echoed_bytes = 0;
};
using own_loop = worker_loop<own_of_loop>;

/// The number of bytes that the socket took, perhaps 0; -1 when the connection is over.
ssize_t send_some(own_loop& loop, connection const& served, std::span<std::byte const> bytes) {
    auto const sent = ::send(served.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == -1) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    loop.own.echoed_bytes += static_cast<std::uint64_t>(sent);
    return sent;
}

/// False when the connection is over. One read an event: if there is more, epoll says so again.
bool echo_once(own_loop& loop, connection& served) {
    auto& buffer = loop.own.buffer;
    auto const received = ::recv(served.fd.get(), buffer.data(), buffer.size(), 0);
    if (received == 0) return false;
    if (received == -1) return errno == EAGAIN || errno == EINTR;
    auto const bytes = std::span<std::byte const>(buffer).first(static_cast<std::size_t>(received));
    auto const sent = send_some(loop, served, bytes);
    if (sent == -1) return false;
    auto const rest = bytes.subspan(static_cast<std::size_t>(sent));
    served.unsent.assign(rest.begin(), rest.end());
    return true;
}

bool send_rest(own_loop& loop, connection& served) {
    auto const sent = send_some(loop, served, served.unsent);
    if (sent == -1) return false;
    served.unsent.erase(served.unsent.begin(), served.unsent.begin() + sent);
    return true;
}

bool serve(own_loop& loop, connection& served) {
    auto const was_full = !served.unsent.empty();
    auto const alive = was_full ? send_rest(loop, served) : echo_once(loop, served);
    auto const is_full = !served.unsent.empty();
    if (alive && is_full != was_full) {
        loop.ready.modify(served.fd.get(), is_full ? EPOLLOUT : EPOLLIN, &served);
    }
    return alive;
}

class echo_on_loops final : public contract::session<echo> {
public:
    explicit echo_on_loops(contract::server_environment const& environment) : pool_(environment) {}

    echo::outcome run(contract::probe&) override {
        echo::outcome outcome;
        outcome.accepted =
            pool_.run([](unique_fd fd) { return connection{std::move(fd)}; }, &serve);
        for (auto const& loop : pool_.loops()) {
            outcome.echoed_bytes += loop->own.echoed_bytes;
        }
        return outcome;
    }

private:
    pool_of_loops<connection, own_of_loop> pool_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_pool(echo::params const&,
                                                        echo::environment const& environment) {
    return std::make_unique<echo_on_loops>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_pool(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_pool(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_pool(contract::accept::params const& params,
                 contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_pool(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_pool(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        make_echo_pool(contract::as_echo(params), around));
}

} // namespace thread_model
