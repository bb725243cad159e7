// SPDX-License-Identifier: MIT
// One io_context on one thread. By callback a unit is a handler that is posted; by coroutine it is
// co_spawned and its value goes to the completion handler. A batch is joined when the context has
// run out of work.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/random.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::spawn;

class spawn_session : public contract::session<spawn> {
public:
    spawn_session(spawn::params const& params, spawn::environment const& around)
        : params_(params), seed_(around.limits.seed) {}

    spawn::outcome run(contract::probe&) final {
        spawn::outcome outcome;
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto const end = i + params_.at_once; i < end; ++i) {
                start(i, outcome);
            }
            context_.restart();
            context_.run();
        }
        return outcome;
    }

protected:
    virtual void start(std::uint64_t i, spawn::outcome& outcome) = 0;

    [[nodiscard]] std::uint64_t live(std::uint64_t i) const { return kernel::mix(seed_ ^ i); }

    static void join(std::uint64_t value, spawn::outcome& outcome) {
        outcome.sum += value;
        ++outcome.joined;
    }

    spawn::params params_;
    std::uint64_t seed_;
    asio::io_context context_{1};
};

class by_callback final : public spawn_session {
public:
    using spawn_session::spawn_session;

private:
    void start(std::uint64_t i, spawn::outcome& outcome) override {
        asio::post(context_, [this, i, &outcome] { join(live(i), outcome); });
    }
};

class by_coroutine final : public spawn_session {
public:
    using spawn_session::spawn_session;

private:
    void start(std::uint64_t i, spawn::outcome& outcome) override {
        asio::co_spawn(context_, body(i),
                       [&outcome](std::exception_ptr error, std::uint64_t value) {
                           rethrow(error);
                           join(value, outcome);
                       });
    }

    asio::awaitable<std::uint64_t> body(std::uint64_t i) { co_return live(i); }
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn_callback(spawn::params const& params,
                                                              spawn::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<spawn>> make_spawn_coroutine(spawn::params const& params,
                                                               spawn::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
