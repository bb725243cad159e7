// SPDX-License-Identifier: MIT
// `workers` threads, each with an epoll loop of its own; a connection lives on one of them. Worker
// 0 also accepts and deals the connections out in turn. Sockets do not block: what a full socket
// does not take stays in its exchange, and that connection is not read until it is gone.
#include "cells.hpp"
#include "kernel/http.hpp"
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

using contract::http;

struct connection {
    unique_fd fd;
    std::list<connection>::iterator here{}; ///< place in the list of all live connections
    kernel::http_exchange exchange{};
    bool full = false;
};

/// What a worker owns alone.
struct loop {
    poller ready;
    int patience_ms = -1; ///< while descriptors are lacking: until accept is tried again
    std::vector<std::byte> buffer = std::vector<std::byte>(65'536);
    std::uint64_t requests = 0;
    std::uint64_t sent_bytes = 0;
};

class pool_of_loops final : public contract::session<http> {
public:
    explicit pool_of_loops(contract::environment const& environment)
        : listen_fd_(environment.listen_fd), pool_(environment.limits.workers) {
        for (std::uint64_t worker = 0; worker < pool_.size(); ++worker) {
            auto& added = *loops_.emplace_back(std::make_unique<loop>());
            added.ready.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        }
        loops_[0]->ready.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
    }

    http::outcome run(contract::probe&) override {
        pool_.run([this](std::uint64_t worker) { serve(*loops_[worker]); });
        connections_.clear();
        http::outcome outcome{accepted_, 0, 0};
        for (auto const& loop : loops_) {
            outcome.requests += loop->requests;
            outcome.sent_bytes += loop->sent_bytes;
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
        auto const was_full = connection.full;
        auto const requests = connection.exchange.requests();
        auto const alive = (was_full || receive(loop, connection)) && send_all(loop, connection);
        loop.requests += connection.exchange.requests() - requests;
        if (!alive) return remove(connection);
        if (connection.full != was_full) {
            loop.ready.modify(connection.fd.get(), connection.full ? EPOLLOUT : EPOLLIN,
                              &connection);
        }
    }

    /// False when the connection is over. One read an event: if there is more, epoll says so again.
    static bool receive(loop& loop, connection& connection) {
        auto const received =
            ::recv(connection.fd.get(), loop.buffer.data(), loop.buffer.size(), 0);
        if (received == 0) return false;
        if (received == -1) return errno == EAGAIN || errno == EINTR;
        connection.exchange.receive(
            std::span(loop.buffer).first(static_cast<std::size_t>(received)));
        return true;
    }

    static bool send_all(loop& loop, connection& connection) {
        auto& exchange = connection.exchange;
        connection.full = false;
        for (auto rest = exchange.unsent(); !rest.empty(); rest = exchange.unsent()) {
            auto const sent = ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent == -1) {
                if (errno == EINTR) continue;
                connection.full = errno == EAGAIN;
                return connection.full;
            }
            exchange.sent(static_cast<std::size_t>(sent));
            loop.sent_bytes += static_cast<std::uint64_t>(sent);
        }
        if (exchange.over()) ::shutdown(connection.fd.get(), SHUT_WR);
        return true;
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

std::unique_ptr<contract::session<http>> make_http_pool(http::params const&,
                                                        contract::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    return std::make_unique<pool_of_loops>(environment);
}

} // namespace thread_model
