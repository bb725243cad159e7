// SPDX-License-Identifier: MIT
// The fibers of `echo`, one a connection, which receive whole requests. An expensive one burns in
// its fiber, and all others wait, for nobody takes the thread from it; with `offload` the fiber
// hands the call to one of `workers` threads and waits for a future.
#include "blocking_threads.hpp"
#include "cells.hpp"
#include "connection_fibers.hpp"
#include "kernel/frames.hpp"
#include "kernel/spin.hpp"

#include <chrono>
#include <optional>

namespace fiber {
namespace {

using contract::mixed;

class fiber_per_connection final : public contract::session<mixed> {
public:
    fiber_per_connection(mixed::params const& params, mixed::environment const& environment)
        : params_(params),
          fibers_(environment, small_stack_bytes, [this](socket& peer) { serve(peer); }) {
        if (params.offload == 1) threads_.emplace(environment.limits.workers);
    }

    mixed::outcome run(contract::probe&) override {
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
                auto const dear = mixed::is_dear(message.front());
                if (dear) burn();
                if (!peer.send_all(message)) return;
                ++outcome_.requests;
                outcome_.dear += dear ? 1 : 0;
            }
        }
    }

    void burn() {
        std::chrono::microseconds const length(params_.burn_us);
        if (threads_) {
            threads_->call([length] { kernel::burn(length); });
        } else {
            kernel::burn(length);
        }
    }

    mixed::params params_;
    mixed::outcome outcome_;
    connection_fibers fibers_;
    std::optional<blocking_threads> threads_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed(mixed::params const& params,
                                                     mixed::environment const& environment) {
    return std::make_unique<fiber_per_connection>(params, environment);
}

} // namespace fiber
