// SPDX-License-Identifier: MIT
// The io_context is made in the maker; the first operation is a posted handler or a coroutine.

#include "asio.hpp"
#include "cells.hpp"
#include "kernel/random.hpp"

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::startup;

class by_callback final : public contract::session<startup> {
public:
    explicit by_callback(std::uint64_t seed) : seed_(seed) {}

    startup::outcome run(contract::probe& probe) override {
        startup::outcome outcome;
        asio::post(context_, [&] {
            outcome = {1, kernel::mix(seed_)};
            probe.end(0);
        });
        context_.run();
        return outcome;
    }

private:
    std::uint64_t seed_;
    asio::io_context context_{1};
};

class by_coroutine final : public contract::session<startup> {
public:
    explicit by_coroutine(std::uint64_t seed) : seed_(seed) {}

    startup::outcome run(contract::probe& probe) override {
        startup::outcome outcome;
        asio::co_spawn(context_, live(probe), [&](std::exception_ptr error, std::uint64_t value) {
            rethrow(error);
            outcome = {1, value};
        });
        context_.run();
        return outcome;
    }

private:
    asio::awaitable<std::uint64_t> live(contract::probe& probe) {
        auto const value = kernel::mix(seed_);
        probe.end(0);
        co_return value;
    }

    std::uint64_t seed_;
    asio::io_context context_{1};
};

} // namespace

std::unique_ptr<contract::session<startup>>
make_startup_callback(startup::params const&, startup::environment const& around) {
    return std::make_unique<by_callback>(around.limits.seed);
}

std::unique_ptr<contract::session<startup>>
make_startup_coroutine(startup::params const&, startup::environment const& around) {
    return std::make_unique<by_coroutine>(around.limits.seed);
}

} // namespace asio_model
