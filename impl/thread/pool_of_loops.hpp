// SPDX-License-Identifier: MIT
#pragma once

#include "accept_from.hpp"
#include "contract/model.hpp"
#include "poller.hpp"
#include "worker_pool.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
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
    /// Returns the connections accepted.
    template <class Open, class Serve>
    std::uint64_t run(Open const& open, Serve const& serve) {
        pool_.run([&](std::uint64_t worker) { run_one(*loops_[worker], open, serve); });
        connections_.clear();
        return accepted_;
    }

    [[nodiscard]] std::vector<std::unique_ptr<worker_loop<Own>>> const& loops() const noexcept {
        return loops_;
    }

private:
    template <class Open, class Serve>
    void run_one(worker_loop<Own>& loop, Open const& open, Serve const& serve) {
        for (;;) {
            for (auto const& event : loop.ready.wait(loop.patience_ms)) {
                if (event.data.ptr == &stop_tag_) return;
                if (event.data.ptr == &listen_tag_) {
                    accept_all(open);
                    continue;
                }
                auto& connection = *static_cast<Connection*>(event.data.ptr);
                if (!serve(loop, connection)) remove(connection);
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
