// SPDX-License-Identifier: MIT
// There is nothing to make: the first operation is the first thing that happens.
#include "cells.hpp"
#include "kernel/random.hpp"

namespace serial {
namespace {

using contract::startup;

class at_once final : public contract::session<startup> {
public:
    explicit at_once(std::uint64_t seed) : seed_(seed) {}

    startup::outcome run(contract::probe& probe) override {
        auto const value = kernel::mix(seed_);
        probe.end(0);
        return {1, value};
    }

private:
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<at_once>(around.limits.seed);
}

} // namespace serial
