// SPDX-License-Identifier: MIT
// The threads of `echo`, one a connection. An expensive one burns where it was read: the kernel
// takes the CPU from that thread in time and gives it to the others, so that there is nothing to
// hand over and `offload` changes nothing.
#include "cells.hpp"
#include "connection_threads.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"
#include "thread_limit.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <sys/socket.h>

namespace thread_model {
namespace {

using contract::mixed;

/// Until the peer closes, resets or is shut down.
mixed::outcome serve_until_closed(int connection, mixed::params const& params) {
    kernel::frames frames(params.message_bytes);
    mixed::outcome outcome;
    for (;;) {
        auto const room = frames.room();
        auto const received = ::recv(connection, room.data(), room.size(), 0);
        if (received == 0) return outcome;
        if (received < 0) {
            if (errno == EINTR) continue;
            return outcome;
        }
        frames.received(static_cast<std::size_t>(received));
        for (auto message = frames.next(); !message.empty(); message = frames.next()) {
            auto const dear = mixed::is_dear(message.front());
            if (dear) kernel::burn(std::chrono::microseconds(params.burn_us));
            auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(message.size())) return outcome;
            ++outcome.requests;
            outcome.dear += dear ? 1 : 0;
        }
    }
}

class thread_per_connection final : public contract::session<mixed> {
public:
    thread_per_connection(mixed::params const& params, mixed::environment const& environment)
        : threads_(environment.listen_fd, environment.stop_fd, [this, params](int connection) {
              auto const served = serve_until_closed(connection, params);
              requests_.fetch_add(served.requests, std::memory_order_relaxed);
              dear_.fetch_add(served.dear, std::memory_order_relaxed);
          }) {}

    mixed::outcome run(contract::probe&) override {
        auto const accepted = threads_.run();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted, requests_.load(std::memory_order_relaxed),
                dear_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> dear_ = 0;
    connection_threads threads_; ///< last: its threads are joined before what they add to goes
};

} // namespace

std::unique_ptr<contract::session<mixed>>
make_mixed_per_connection(mixed::params const& params, mixed::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(params, environment);
}

} // namespace thread_model
