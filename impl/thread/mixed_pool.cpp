// SPDX-License-Identifier: MIT
// The loops of `echo`, one a worker; a dear request burns in its loop and holds up the connections
// of that loop alone. (With `offload` see mixed_offload.cpp.)
#include "cells.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "poller.hpp"
#include "worker_pool.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace thread_model {
namespace {

using contract::mixed;

/// What a worker owns alone.
struct loop {
    poller ready;
    int patience_ms = -1; ///< while descriptors are lacking: until accept is tried again
    mixed::outcome outcome{};
};

class pool_of_loops final : public contract::session<mixed> {
public:
    pool_of_loops(mixed::params const& params, contract::environment const& environment)
        : params_(params), listen_fd_(environment.listen_fd), pool_(environment.limits.workers) {
        for (std::uint64_t worker = 0; worker < pool_.size(); ++worker) {
            auto& added = *loops_.emplace_back(std::make_unique<loop>());
            added.ready.add(environment.stop_fd, EPOLLIN, &stop_tag_);
        }
        loops_[0]->ready.add(listen_fd_, EPOLLIN | EPOLLET, &listen_tag_);
    }

    mixed::outcome run(contract::probe&) override {
        pool_.run([this](std::uint64_t worker) { serve_all(*loops_[worker]); });
        connections_.clear();
        mixed::outcome outcome{.accepted = accepted_};
        for (auto const& loop : loops_) {
            outcome.requests += loop->outcome.requests;
            outcome.dear += loop->outcome.dear;
        }
        return outcome;
    }

private:
    void serve_all(loop& loop) {
        auto const burn = [this] {
            kernel::burn(std::chrono::microseconds(params_.burn_us));
            return true;
        };
        for (;;) {
            for (auto const& event : loop.ready.wait(loop.patience_ms)) {
                if (event.data.ptr == &stop_tag_) return;
                if (event.data.ptr == &listen_tag_) {
                    accept_all();
                    continue;
                }
                auto& connection = *static_cast<framed_connection*>(event.data.ptr);
                if (serve(connection, loop.outcome, burn) == served::closed) remove(connection);
            }
            if (loop.patience_ms != -1) accept_all();
        }
    }

    /// Worker 0 only.
    void accept_all() {
        while (auto fd = accept_from(listen_fd_, loops_[0]->patience_ms)) {
            auto const here = add(std::move(fd));
            loops_[accepted_++ % loops_.size()]->ready.add(here->fd.get(), EPOLLIN, &*here);
        }
    }

    std::list<framed_connection>::iterator add(unique_fd fd) {
        std::lock_guard const lock(mutex_);
        auto const here = connections_.insert(
            connections_.end(),
            framed_connection{std::move(fd), kernel::frames(params_.message_bytes)});
        here->here = here;
        return here;
    }

    void remove(framed_connection& connection) {
        std::lock_guard const lock(mutex_);
        connections_.erase(connection.here);
    }

    mixed::params params_;
    int listen_fd_;
    char stop_tag_ = 0;
    char listen_tag_ = 0;
    std::uint64_t accepted_ = 0; ///< worker 0 only, read after the pool has returned
    std::vector<std::unique_ptr<loop>> loops_;
    std::mutex mutex_; ///< guards the list, not the connections; never taken for a message
    std::list<framed_connection> connections_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_pool(mixed::params const& params, contract::environment const& environment) {
    if (params.offload == 1) return make_mixed_offload(params, environment);
    return std::make_unique<pool_of_loops>(params, environment);
}

} // namespace thread_model
