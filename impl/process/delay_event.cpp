// SPDX-License-Identifier: MIT
// The pre-forked loops of `echo`, one a child, and in each a heap of timers: the loop sleeps until
// a socket is ready or the first of them is due.
#include "cells.hpp"
#include "delayed_connection.hpp"
#include "pre_forked_loops.hpp"

namespace process {
namespace {

using contract::delay;

/// Of one child.
class delay_server {
public:
    using connection = delayed_connection;

    explicit delay_server(delay::params const& params)
        : message_bytes_(params.message_bytes), length_(params.delay_us) {}

    connection open(unique_fd fd) const { return {std::move(fd), kernel::frames(message_bytes_)}; }

    bool serve(poller& ready, connection& from) {
        return receive_delayed(ready, own_, from, length_);
    }
    bool expire(poller& ready, connection& to) { return answer_delayed(ready, own_, to, length_); }
    [[nodiscard]] auto& timers() noexcept { return own_.timers; }

    [[nodiscard]] std::uint64_t outcome() const noexcept { return own_.answered; }

private:
    std::size_t message_bytes_;
    std::chrono::microseconds length_;
    delayed_requests own_;
};

class delay_in_children final : public contract::session<delay> {
public:
    delay_in_children(delay::params const& params, delay::environment const& environment)
        : loops_(environment, [params] { return delay_server(params); }) {}

    delay::outcome run(contract::probe& probe) override {
        delay::outcome outcome;
        outcome.accepted = loops_.run(probe);
        loops_.for_each_outcome([&](auto const& mine) { outcome.requests += mine; });
        return outcome;
    }

private:
    pre_forked_loops<delay_server, std::uint64_t> loops_;
};

} // namespace

std::unique_ptr<contract::session<delay>> make_delay_event(delay::params const& params,
                                                           delay::environment const& environment) {
    return std::make_unique<delay_in_children>(params, environment);
}

} // namespace process
