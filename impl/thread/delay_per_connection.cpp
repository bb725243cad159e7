// SPDX-License-Identifier: MIT
// The threads of `echo`, one a connection: read a request, sleep, answer.
#include "cells.hpp"
#include "connection_threads.hpp"
#include "kernel/frames.hpp"
#include "thread_limit.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <sys/socket.h>
#include <thread>

namespace thread_model {
namespace {

using contract::delay;

/// Until the peer closes, resets or is shut down. Returns the requests answered.
std::uint64_t serve_until_closed(int connection, delay::params const& params) {
    kernel::frames frames(params.message_bytes);
    std::uint64_t answered = 0;
    for (;;) {
        auto const room = frames.room();
        auto const received = ::recv(connection, room.data(), room.size(), 0);
        if (received == 0) return answered;
        if (received < 0) {
            if (errno == EINTR) continue;
            return answered;
        }
        frames.received(static_cast<std::size_t>(received));
        for (auto message = frames.next(); !message.empty(); message = frames.next()) {
            std::this_thread::sleep_for(std::chrono::microseconds(params.delay_us));
            auto const sent = ::send(connection, message.data(), message.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(message.size())) return answered;
            ++answered;
        }
    }
}

class thread_per_connection final : public contract::session<delay> {
public:
    thread_per_connection(delay::params const& params, delay::environment const& environment)
        : threads_(environment.listen_fd, environment.stop_fd, [this, params](int connection) {
              requests_.fetch_add(serve_until_closed(connection, params),
                                  std::memory_order_relaxed);
          }) {}

    delay::outcome run(contract::probe&) override {
        auto const accepted = threads_.run();
        // Relaxed: joining the threads orders their additions before this load.
        return {accepted, requests_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::uint64_t> requests_ = 0;
    connection_threads threads_; ///< last: its threads are joined before what they add to goes
};

} // namespace

std::unique_ptr<contract::session<delay>>
make_delay_per_connection(delay::params const& params, delay::environment const& environment) {
    require_threads(params.connections, "connection");
    return std::make_unique<thread_per_connection>(params, environment);
}

} // namespace thread_model
