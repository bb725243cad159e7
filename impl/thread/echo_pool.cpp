// SPDX-License-Identifier: MIT
// `workers` threads, each with an epoll loop of its own; a connection lives on one of them. Worker
// 0 also accepts and deals the connections out in turn. Sockets do not block: what a full socket
// does not take is kept, and that connection is not read until it is gone.
#include "cells.hpp"
#include "contract/echo_service.hpp"
#include "poller.hpp"
#include "worker_pool.hpp"

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

/// What a worker owns alone.
struct loop {
    poller ready;
    int patience_ms = -1; ///< while descriptors are lacking: until accept is tried again
    std::vector<std::byte> buffer = std::vector<std::byte>(65'536);
    std::uint64_t echoed_bytes = 0;
};

class pool_of_loops final : public contract::session<echo> {
public:
    explicit pool_of_loops(contract::environment const& environment)
        : listen_fd_(environment.listen_fd), pool_(environment.limits.workers) {
        for (std::uint64_t worker = 0; worker < pool_.size(); ++worker) {
            auto& added = *loops_.emplace_back(std::make_unique<loop>());
            added.ready.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        }
        loops_[0]->ready.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
    }

    echo::outcome run(contract::probe&) override {
        pool_.run([this](std::uint64_t worker) { serve(*loops_[worker]); });
        connections_.clear();
        echo::outcome outcome{accepted_, 0};
        for (auto const& loop : loops_) {
            outcome.echoed_bytes += loop->echoed_bytes;
        }
        return outcome;
    }

private:
    void serve(loop& loop) {
        for (;;) {
            for (auto const& event : loop.ready.wait(loop.patience_ms)) {
                if (event.data.ptr == &stop_tag_) return;
                if (event.data.ptr == &listen_tag_) {
                    accept_all();
                } else {
                    serve(loop, *static_cast<connection*>(event.data.ptr));
                }
            }
            if (loop.patience_ms != -1) accept_all();
        }
    }

    /// Worker 0 only.
    void accept_all() {
        loops_[0]->patience_ms = -1;
        for (;;) {
            unique_fd fd(::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!fd) {
                if (errno == EAGAIN) return;
                if (errno == EINTR || errno == ECONNABORTED) continue;
                if (!out_of_descriptors(errno)) throw_errno("accept");
                loops_[0]->patience_ms = accept_again_after_ms;
                return;
            }
            int const on = 1;
            // A peer that has reset meanwhile makes this fail; the first read will tell.
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            auto const here = add(std::move(fd));
            loops_[accepted_++ % loops_.size()]->ready.add(here->fd.get(), EPOLLIN, &*here);
        }
    }

    void serve(loop& loop, connection& connection) {
        auto const was_full = !connection.unsent.empty();
        auto const alive = was_full ? send_rest(loop, connection) : echo_once(loop, connection);
        if (!alive) return remove(connection);
        auto const is_full = !connection.unsent.empty();
        if (is_full != was_full) {
            loop.ready.modify(connection.fd.get(), is_full ? EPOLLOUT : EPOLLIN, &connection);
        }
    }

    /// False when the connection is over. One read an event: if there is more, epoll says so again.
    static bool echo_once(loop& loop, connection& connection) {
        auto const received =
            ::recv(connection.fd.get(), loop.buffer.data(), loop.buffer.size(), 0);
        if (received == 0) return false;
        if (received == -1) return errno == EAGAIN || errno == EINTR;
        auto const bytes =
            std::span<std::byte const>(loop.buffer).first(static_cast<std::size_t>(received));
        auto const sent = send_some(loop, connection, bytes);
        if (sent == -1) return false;
        auto const rest = bytes.subspan(static_cast<std::size_t>(sent));
        connection.unsent.assign(rest.begin(), rest.end());
        return true;
    }

    static bool send_rest(loop& loop, connection& connection) {
        auto const sent = send_some(loop, connection, connection.unsent);
        if (sent == -1) return false;
        connection.unsent.erase(connection.unsent.begin(), connection.unsent.begin() + sent);
        return true;
    }

    /// The number of bytes that the socket took, perhaps 0; -1 when the connection is over.
    static ssize_t send_some(loop& loop, connection const& connection,
                             std::span<std::byte const> bytes) {
        auto const sent = ::send(connection.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent == -1) return errno == EAGAIN || errno == EINTR ? 0 : -1;
        loop.echoed_bytes += static_cast<std::uint64_t>(sent);
        return sent;
    }

    std::list<connection>::iterator add(unique_fd fd) {
        std::lock_guard const lock(mutex_);
        auto const here = connections_.insert(connections_.end(), connection{std::move(fd)});
        here->here = here;
        return here;
    }

    void remove(connection& connection) {
        std::lock_guard const lock(mutex_);
        connections_.erase(connection.here);
    }

    int listen_fd_;
    char stop_tag_ = 0;
    char listen_tag_ = 0;
    std::uint64_t accepted_ = 0; ///< worker 0 only, read after the pool has returned
    std::vector<std::unique_ptr<loop>> loops_;
    std::mutex mutex_; ///< guards the list, not the connections; never taken for a message
    std::list<connection> connections_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<echo>> make_echo_pool(echo::params const&,
                                                        contract::environment const& environment) {
    return std::make_unique<pool_of_loops>(environment);
}

std::unique_ptr<contract::session<contract::pump>>
make_pump_pool(contract::pump::params const& params, contract::environment const& around) {
    return contract::echo_service<contract::pump>(
        make_echo_pool(contract::as_echo(params), around));
}

std::unique_ptr<contract::session<contract::accept>>
make_accept_pool(contract::accept::params const& params, contract::environment const& around) {
    return contract::echo_service<contract::accept>(
        make_echo_pool(contract::as_echo(params), around));
}

} // namespace thread_model
