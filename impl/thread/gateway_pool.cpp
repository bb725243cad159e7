// SPDX-License-Identifier: MIT
// An epoll loop a worker, with a heap of limits. Worker 0 also accepts and deals the clients out in
// turn: a descriptor in the other's inbox, and a write to its eventfd.
#include "accept_from.hpp"
#include "cells.hpp"
#include "gateway_loop.hpp"
#include "worker_pool.hpp"

#include <memory>
#include <mutex>
#include <sys/eventfd.h>
#include <vector>

namespace thread_model {
namespace {

using contract::gateway;

/// Clients on their way to another worker.
class inbox {
public:
    void put(unique_fd client) {
        {
            std::lock_guard const lock(mutex_);
            clients_.push_back(std::move(client));
        }
        ::eventfd_write(bell_.get(), 1);
    }
    [[nodiscard]] std::vector<unique_fd> take() {
        eventfd_t rung = 0;
        ::eventfd_read(bell_.get(), &rung);
        std::lock_guard const lock(mutex_);
        return std::exchange(clients_, {});
    }
    /// Readable when something was put in.
    [[nodiscard]] int bell() const noexcept { return bell_.get(); }

private:
    unique_fd bell_{checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")};
    std::mutex mutex_;
    std::vector<unique_fd> clients_;
};

class gateway_on_loops final : public contract::session<gateway> {
public:
    gateway_on_loops(gateway::params const& params, gateway::environment const& environment)
        : params_(params),
          environment_(environment),
          inboxes_(environment.limits.workers),
          outcomes_(environment.limits.workers),
          pool_(environment.limits.workers) {}

    gateway::outcome run(contract::probe&) override {
        pool_.run([this](std::uint64_t worker) {
            gateway_loop loop(params_, environment_.backend_port);
            outcomes_[worker] =
                worker == 0 ? accept_and_serve(loop) : serve(loop, inboxes_[worker]);
        });
        gateway::outcome sum;
        for (auto const& one : outcomes_) {
            sum.accepted += one.accepted;
            sum.requests += one.requests;
            sum.retries += one.retries;
        }
        return sum;
    }

private:
    gateway::outcome accept_and_serve(gateway_loop& loop) {
        std::size_t next = 0;
        return loop.run(environment_.stop_fd, environment_.listen_fd, EPOLLIN | EPOLLET, [&] {
            auto patience_ms = -1;
            while (auto client = accept_from(environment_.listen_fd, patience_ms)) {
                auto const worker = next++ % inboxes_.size();
                if (worker == 0) {
                    loop.adopt(std::move(client));
                } else {
                    inboxes_[worker].put(std::move(client));
                }
            }
            return patience_ms;
        });
    }

    gateway::outcome serve(gateway_loop& loop, inbox& mine) {
        return loop.run(environment_.stop_fd, mine.bell(), EPOLLIN, [&] {
            for (auto& client : mine.take()) {
                loop.adopt(std::move(client));
            }
            return -1;
        });
    }

    gateway::params params_;
    gateway::environment environment_;
    std::vector<inbox> inboxes_;
    std::vector<gateway::outcome> outcomes_; ///< each written by its worker, once
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<gateway>>
make_gateway_pool(gateway::params const& params, gateway::environment const& environment) {
    return std::make_unique<gateway_on_loops>(params, environment);
}

} // namespace thread_model
