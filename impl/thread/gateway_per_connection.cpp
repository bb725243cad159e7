// SPDX-License-Identifier: MIT
// The threads of `echo`, one a connection, each with sockets of its own to the backends: read a
// request, ask all of them, wait in poll for whoever answers, answer.
#include "asked_backends.hpp"
#include "cells.hpp"
#include "connection_threads.hpp"
#include "thread_limit.hpp"

#include <atomic>

namespace thread_model {
namespace {

using contract::gateway;

/// Until the peer closes, resets or is shut down, or a backend has gone.
void serve_until_closed(int connection, asked_backends& backends, gateway::outcome& outcome) {
    kernel::frames frames(kernel::gateway_request_bytes);
    for (;;) {
        auto const room = frames.room();
        auto const received = ::recv(connection, room.data(), room.size(), 0);
        if (received == 0) return;
        if (received < 0) {
            if (errno == EINTR) continue;
            return;
        }
        frames.received(static_cast<std::size_t>(received));
        for (auto message = frames.next(); !message.empty(); message = frames.next()) {
            auto const reply = backends.answer(connection, message, outcome.retries);
            if (!reply) return;
            auto const sent = ::send(connection, reply->data(), reply->size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(reply->size())) return;
            ++outcome.requests;
        }
    }
}

class thread_per_connection final : public contract::session<gateway> {
public:
    thread_per_connection(gateway::params const& params, gateway::environment const& environment)
        : params_(params),
          port_(environment.backend_port),
          threads_(environment.listen_fd, environment.stop_fd,
                   [this](int connection) { serve(connection); }) {}

    gateway::outcome run(contract::probe&) override {
        auto const accepted = threads_.run();
        // Relaxed: joining the threads orders their additions before these loads.
        return {accepted, requests_.load(std::memory_order_relaxed),
                retries_.load(std::memory_order_relaxed)};
    }

private:
    void serve(int connection) {
        gateway::outcome mine;
        try {
            asked_backends backends(port_, params_);
            serve_until_closed(connection, backends, mine);
        } catch (std::system_error const&) {
            // No backend, or no descriptor for it: this client is turned away.
        }
        requests_.fetch_add(mine.requests, std::memory_order_relaxed);
        retries_.fetch_add(mine.retries, std::memory_order_relaxed);
    }

    gateway::params params_;
    std::uint16_t port_;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> retries_ = 0;
    connection_threads threads_; ///< last: its threads are joined before what they add to goes
};

} // namespace

std::unique_ptr<contract::session<gateway>>
make_gateway_per_connection(gateway::params const& params,
                            gateway::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(params, environment);
}

} // namespace thread_model
