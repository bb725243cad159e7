// SPDX-License-Identifier: MIT
// The pre-forked loops of `echo`, one a child; the parent accepts and passes the sockets on. An
// expensive request burns in its loop and holds up the connections of that child alone. (With
// `offload` see mixed_offload.cpp.)
#include "cells.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "pre_forked_loops.hpp"

#include <chrono>
#include <list>

namespace process {
namespace {

using contract::mixed;

/// Of one child.
class mixed_server {
public:
    using connection = framed_connection;

    explicit mixed_server(mixed::params const& params) : params_(params) {}

    connection open(unique_fd fd) const {
        return {std::move(fd), kernel::frames(params_.message_bytes)};
    }

    bool serve(poller&, connection& from) {
        auto const burn = [this] {
            kernel::burn(std::chrono::microseconds(params_.burn_us));
            return true;
        };
        return process::serve(from, outcome_, burn) != served::closed;
    }

    [[nodiscard]] mixed::outcome outcome() const noexcept { return outcome_; }

private:
    mixed::params params_;
    mixed::outcome outcome_;
};

class mixed_in_children final : public contract::session<mixed> {
public:
    mixed_in_children(mixed::params const& params, mixed::environment const& environment)
        : loops_(environment, [params] { return mixed_server(params); }) {}

    mixed::outcome run(contract::probe& probe) override {
        mixed::outcome outcome;
        outcome.accepted = loops_.run(probe);
        loops_.for_each_outcome([&](auto const& mine) {
            outcome.requests += mine.requests;
            outcome.dear += mine.dear;
        });
        return outcome;
    }

private:
    pre_forked_loops<mixed_server, mixed::outcome> loops_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed_event(mixed::params const& params,
                                                           mixed::environment const& environment) {
    if (params.offload == 1) return make_mixed_offload(params, environment);
    return std::make_unique<mixed_in_children>(params, environment);
}

} // namespace process
