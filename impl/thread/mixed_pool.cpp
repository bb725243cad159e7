// SPDX-License-Identifier: MIT
// The loops of `echo`, one a worker; an expensive one burns in its loop and holds up the
// connections of that loop alone. (With `offload` see mixed_offload.cpp.)
#include "cells.hpp"
#include "framed_connection.hpp"
#include "kernel/spin.hpp"
#include "pool_of_loops.hpp"

#include <chrono>

namespace thread_model {
namespace {

using contract::mixed;

class mixed_on_loops final : public contract::session<mixed> {
public:
    mixed_on_loops(mixed::params const& params, mixed::environment const& environment)
        : params_(params), pool_(environment) {}

    mixed::outcome run(contract::probe&) override {
        auto const burn = [this] {
            kernel::burn(std::chrono::microseconds(params_.burn_us));
            return true;
        };
        mixed::outcome outcome;
        outcome.accepted = pool_.run(
            [this](unique_fd fd) {
                return framed_connection{std::move(fd), kernel::frames(params_.message_bytes)};
            },
            [&](auto& loop, framed_connection& connection) {
                return serve(connection, loop.own, burn) != served::closed;
            });
        for (auto const& loop : pool_.loops()) {
            outcome.requests += loop->own.requests;
            outcome.dear += loop->own.dear;
        }
        return outcome;
    }

private:
    mixed::params params_;
    pool_of_loops<framed_connection, mixed::outcome> pool_;
};

} // namespace

std::unique_ptr<contract::session<mixed>> make_mixed_pool(mixed::params const& params,
                                                          mixed::environment const& environment) {
    if (params.offload == 1) return make_mixed_offload(params, environment);
    return std::make_unique<mixed_on_loops>(params, environment);
}

} // namespace thread_model
