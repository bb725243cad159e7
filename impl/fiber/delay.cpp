// SPDX-License-Identifier: MIT
// The fibers of `echo`, one a connection: receive a request, sleep, answer. Boost keeps the
// sleepers in a tree by deadline, and the thread sleeps in epoll until the first of them.
#include "cells.hpp"
#include "connection_fibers.hpp"
#include "kernel/frames.hpp"

#include <boost/fiber/operations.hpp>
#include <chrono>

namespace fiber {
namespace {

using contract::delay;

class fiber_per_connection final : public contract::session<delay> {
public:
    fiber_per_connection(delay::params const& params, delay::environment const& environment)
        : params_(params),
          fibers_(environment, small_stack_bytes, [this](socket& peer) { serve(peer); }) {}

    delay::outcome run(contract::probe&) override {
        outcome_ = {};
        outcome_.accepted = fibers_.run();
        return outcome_;
    }

private:
    void serve(socket& peer) {
        kernel::frames frames(params_.message_bytes);
        while (auto const bytes = peer.receive(frames.room())) {
            frames.received(bytes);
            for (auto message = frames.next(); !message.empty(); message = frames.next()) {
                boost::this_fiber::sleep_for(std::chrono::microseconds(params_.delay_us));
                if (!peer.send_all(message)) return;
                ++outcome_.requests;
            }
        }
    }

    delay::params params_;
    delay::outcome outcome_;
    connection_fibers fibers_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay(delay::params const& params,
                                                     delay::environment const& environment) {
    return std::make_unique<fiber_per_connection>(params, environment);
}

} // namespace fiber
