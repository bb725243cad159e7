// SPDX-License-Identifier: MIT
// A loop a child. Sockets do not block: what a full socket does not take is kept, and that
// connection is not read until it is gone.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "pre_forked_loops.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <span>
#include <sys/socket.h>
#include <vector>

namespace process {
namespace {

using contract::echo;

/// Of one child.
class echo_server {
public:
    struct connection {
        unique_fd fd;
        std::list<connection>::iterator here{};
        std::vector<std::byte> unsent{};
    };

    static connection open(unique_fd fd) { return {std::move(fd)}; }

    bool serve(poller& ready, connection& served) {
        auto const was_full = !served.unsent.empty();
        auto const alive = was_full ? send_rest(served) : echo_once(served);
        auto const is_full = !served.unsent.empty();
        if (alive && is_full != was_full) {
            ready.modify(served.fd.get(), is_full ? EPOLLOUT : EPOLLIN, &served);
        }
        return alive;
    }

    [[nodiscard]] std::uint64_t outcome() const noexcept { return echoed_bytes_; }

private:
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

    std::uint64_t echoed_bytes_ = 0;
    std::array<std::byte, 65'536> buffer_;
};

class echo_in_children final : public contract::session<echo> {
public:
    explicit echo_in_children(contract::server_environment const& environment)
        : loops_(environment, [] { return echo_server(); }) {}

    echo::outcome run(contract::probe& probe) override {
        echo::outcome outcome;
        outcome.accepted = loops_.run(probe);
        loops_.for_each_outcome([&](auto const& mine) { outcome.echoed_bytes += mine; });
        return outcome;
    }

private:
    pre_forked_loops<echo_server, std::uint64_t> loops_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_event(echo::params const&,
                                                         echo::environment const& environment) {
    return std::make_unique<echo_in_children>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_event(contract::pump::params const& params, contract::pump::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_event(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_event(contract::accept::params const& params,
                  contract::accept::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_event(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::held>>
make_held_event(contract::held::params const& params, contract::held::environment const& around) {
    return contract::echo_service<contract::held>(
        make_echo_event(contract::as_echo(params), around));
}

} // namespace process
