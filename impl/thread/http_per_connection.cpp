// SPDX-License-Identifier: MIT
// A thread a connection, which reads, parses and answers with blocking calls until its peer closes.
#include "cells.hpp"
#include "connection_threads.hpp"
#include "kernel/http.hpp"
#include "thread_limit.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <sys/socket.h>

namespace thread_model {
namespace {

using contract::http;

/// Until the peer closes, resets or is shut down; what was served.
http::outcome serve_until_closed(int connection) {
    std::array<std::byte, 65'536> buffer;
    kernel::http_exchange exchange;
    http::outcome served;
    for (bool alive = true; alive; served.requests = exchange.requests()) {
        auto const received = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (received < 0 && errno == EINTR) continue;
        if (received <= 0) break;
        exchange.receive(std::span(buffer).first(static_cast<std::size_t>(received)));
        for (auto rest = exchange.unsent(); alive && !rest.empty(); rest = exchange.unsent()) {
            auto const sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                exchange.sent(static_cast<std::size_t>(sent));
                served.sent_bytes += static_cast<std::uint64_t>(sent);
            } else if (errno != EINTR) {
                alive = false;
            }
        }
        if (exchange.over()) ::shutdown(connection, SHUT_WR);
    }
    return served;
}

class thread_per_connection final : public contract::session<http> {
public:
    explicit thread_per_connection(contract::server_environment const& environment)
        : threads_(environment.listen_fd, environment.stop_fd, [this](int connection) {
              auto const served = serve_until_closed(connection);
              requests_.fetch_add(served.requests, std::memory_order_relaxed);
              sent_bytes_.fetch_add(served.sent_bytes, std::memory_order_relaxed);
          }) {}

    http::outcome run(contract::probe&) override {
        auto const accepted = threads_.run();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted, requests_.load(std::memory_order_relaxed),
                sent_bytes_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> sent_bytes_ = 0;
    connection_threads threads_; ///< last: its threads are joined before what they add to goes
};

} // namespace

std::unique_ptr<contract::session<http>>
make_http_per_connection(http::params const& params, http::environment const& environment) {
    if (auto const why = kernel::why_no_http(); !why.empty()) {
        throw contract::skipped_error(std::string(why));
    }
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(environment);
}

} // namespace thread_model
