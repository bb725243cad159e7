// SPDX-License-Identifier: MIT
#pragma once

#include "accept_from.hpp"
#include "contract/model.hpp"
#include "poller.hpp"
#include "worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace thread_model {

/// What a worker owns alone.
template <class Own>
struct worker_loop {
    poller ready;
    int patience_ms = -1; ///< while descriptors are lacking: until accept is tried again
    Own own{};            ///< of the cell
};

/// Whether the connections of a cell wait for a time: then `Own` has a timer_heap `timers`.
template <class Own>
concept has_timers = requires(Own own) {
    own.timers.patience();
};

/// `workers` threads, each with an epoll loop of its own; a connection lives on one of them. Worker
/// 0 also accepts and deals the connections out in turn. A Connection has its socket `fd`, which
/// does not block, and `here`, its place in the list of all.
template <class Connection, class Own>
class pool_of_loops {
public:
    explicit pool_of_loops(contract::server_environment const& environment)
        : listen_fd_(environment.listen_fd), pool_(environment.limits.workers) {
        for (std::uint64_t worker = 0; worker < pool_.size(); ++worker) {
            auto& added = *loops_.emplace_back(std::make_unique<worker_loop<Own>>());
            added.ready.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        }
        loops_[0]->ready.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
    }

    /// Until the stop descriptor is readable. `open(fd)` makes the connection of a socket;
    /// `serve(loop, connection)` is called when it is ready, and says false when it is over.
    /// With timers, `expire(loop, connection)` is called when one is due, and says the same.
    /// Returns the connections accepted.
    template <class Open, class Serve, class Expire = std::nullptr_t>
    std::uint64_t run(Open const& open, Serve const& serve, Expire const& expire = nullptr) {
        pool_.run([&](std::uint64_t worker) { run_one(*loops_[worker], open, serve, expire); });
        connections_.clear();
        return accepted_;
    }

    [[nodiscard]] std::vector<std::unique_ptr<worker_loop<Own>>> const& loops() const noexcept {
        return loops_;
    }

private:
    /// Blocks until something is ready, or a timer is due, or accept is to be tried again.
    static std::span<epoll_event const> wait(worker_loop<Own>& loop) {
        if constexpr (has_timers<Own>) {
            auto const patience = loop.own.timers.patience();
            if (loop.patience_ms == -1) return loop.ready.wait_for(patience);
            std::chrono::nanoseconds const retry = std::chrono::milliseconds(loop.patience_ms);
            return loop.ready.wait_for(patience < patience.zero() ? retry
                                                                  : std::min(retry, patience));
        } else {
            return loop.ready.wait(loop.patience_ms);
        }
    }

    template <class Open, class Serve, class Expire>
    void run_one(worker_loop<Own>& loop, Open const& open, Serve const& serve,
                 Expire const& expire) {
        for (;;) {
            for (auto const& event : wait(loop)) {
                if (event.data.ptr == &stop_tag_) return;
                if (event.data.ptr == &listen_tag_) {
                    accept_all(open);
                    continue;
                }
                auto& connection = *static_cast<Connection*>(event.data.ptr);
                if (!serve(loop, connection)) remove(connection);
            }
            if constexpr (has_timers<Own>) {
                loop.own.timers.take_due([&](Connection& connection) {
                    if (!expire(loop, connection)) remove(connection);
                });
            }
            if (loop.patience_ms != -1) accept_all(open);
        }
    }

    /// Worker 0 only.
    template <class Open>
    void accept_all(Open const& open) {
        while (auto fd = accept_from(listen_fd_, loops_[0]->patience_ms)) {
            auto const here = add(open(std::move(fd)));
            loops_[accepted_++ % loops_.size()]->ready.add(here->fd.get(), EPOLLIN, &*here);
        }
    }

    typename std::list<Connection>::iterator add(Connection connection) {
        std::lock_guard const lock(mutex_);
        auto const here = connections_.insert(connections_.end(), std::move(connection));
        here->here = here;
        return here;
    }

    void remove(Connection& connection) {
        std::lock_guard const lock(mutex_);
        connections_.erase(connection.here);
    }

    int listen_fd_;
    char stop_tag_ = 0;
    char listen_tag_ = 0;
    std::uint64_t accepted_ = 0; ///< worker 0 only, read after the pool has returned
    std::vector<std::unique_ptr<worker_loop<Own>>> loops_;
    std::mutex mutex_; ///< guards the list, not the connections; never taken for a message
    std::list<Connection> connections_;
    worker_pool pool_;
};

} // namespace thread_model
