// SPDX-License-Identifier: MIT
// The loops of `echo`, one a worker, and in each a heap of timers: the loop sleeps until a socket
// is ready or the first of them is due.
#include "cells.hpp"
#include "delayed_connection.hpp"
#include "pool_of_loops.hpp"

namespace thread_model {
namespace {

using contract::delay;

class delay_on_loops final : public contract::session<delay> {
public:
    delay_on_loops(delay::params const& params, delay::environment const& environment)
        : params_(params), pool_(environment) {}

    delay::outcome run(contract::probe&) override {
        std::chrono::microseconds const length(params_.delay_us);
        delay::outcome outcome;
        outcome.accepted = pool_.run(
            [this](unique_fd fd) {
                return delayed_connection{std::move(fd), kernel::frames(params_.message_bytes)};
            },
            [length](auto& loop, delayed_connection& from) {
                return receive_delayed(loop.ready, loop.own, from, length);
            },
            [length](auto& loop, delayed_connection& to) {
                return answer_delayed(loop.ready, loop.own, to, length);
            });
        for (auto const& loop : pool_.loops()) {
            outcome.requests += loop->own.answered;
        }
        return outcome;
    }

private:
    delay::params params_;
    pool_of_loops<delayed_connection, delayed_requests> pool_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay_pool(delay::params const& params,
                                                          delay::environment const& environment) {
    return std::make_unique<delay_on_loops>(params, environment);
}

} // namespace thread_model
