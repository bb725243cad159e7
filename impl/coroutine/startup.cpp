// SPDX-License-Identifier: MIT
// The loop and its backend are made in the maker; the first operation is a task on it.
#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

namespace coroutine_model {
namespace {

using contract::startup;

class first_task final : public contract::session<startup> {
public:
    explicit first_task(std::uint64_t seed) : seed_(seed) {}

    startup::outcome run(contract::probe& probe) override {
        return {1, loop_.run_until_complete(live(probe))};
    }

private:
    siding::coroutine<std::uint64_t> live(contract::probe& probe) {
        auto const value = kernel::mix(seed_);
        probe.end(0);
        co_return value;
    }

    std::uint64_t seed_;
    siding::loop loop_;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_task>(around.limits.seed);
}

} // namespace coroutine_model
