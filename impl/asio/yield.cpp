// SPDX-License-Identifier: MIT
// asio::post, to oneself: the handler, or what is left of the coroutine, goes to the end of the
// context's queue, which is first in, first out, so that no unit runs out of turn.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/random.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::yield;

class yield_session : public contract::session<yield> {
public:
    yield_session(yield::params const& params, yield::environment const& around)
        : params_(params), seed_(around.limits.seed) {}

    yield::outcome run(contract::probe&) final {
        outcome_ = {.turns = 0, .chain = seed_};
        next_ = 0;
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            start(unit);
        }
        context_.restart();
        context_.run();
        return outcome_;
    }

protected:
    virtual void start(std::uint64_t unit) = 0;

    /// False if it is not this unit's turn.
    [[nodiscard]] bool take_turn(std::uint64_t unit) noexcept {
        if (next_ != unit) return false;
        outcome_.chain = kernel::mix(outcome_.chain + unit);
        ++outcome_.turns;
        next_ = unit + 1 == params_.units ? 0 : unit + 1;
        return true;
    }

    yield::params params_;
    std::uint64_t seed_;
    yield::outcome outcome_;
    std::uint64_t next_ = 0; ///< whose turn it is
    asio::io_context context_{1};
};

class by_callback final : public yield_session {
public:
    using yield_session::yield_session;

private:
    void start(std::uint64_t unit) override { turn(unit, params_.turns); }

    void turn(std::uint64_t unit, std::uint64_t turns_left) {
        asio::post(context_, [this, unit, turns_left] {
            auto const left = turns_left - (take_turn(unit) ? 1 : 0);
            if (left != 0) turn(unit, left);
        });
    }
};

class by_coroutine final : public yield_session {
public:
    using yield_session::yield_session;

private:
    void start(std::uint64_t unit) override { asio::co_spawn(context_, take_turns(unit), rethrow); }

    asio::awaitable<void> take_turns(std::uint64_t unit) {
        for (auto left = params_.turns; left != 0;) {
            if (take_turn(unit)) --left;
            co_await asio::post(context_, asio::use_awaitable);
        }
    }
};

} // namespace

std::unique_ptr<contract::session<yield>> make_yield_callback(yield::params const& params,
                                                              yield::environment const& around) {
    return std::make_unique<by_callback>(params, around);
}

std::unique_ptr<contract::session<yield>> make_yield_coroutine(yield::params const& params,
                                                               yield::environment const& around) {
    return std::make_unique<by_coroutine>(params, around);
}

} // namespace asio_model
