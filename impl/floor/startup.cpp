// SPDX-License-Identifier: MIT
// No runtime to make: the first operation is a call through a pointer, as in `spawn`.
#include "cells.hpp"
#include "kernel/random.hpp"

namespace floor_model {
namespace {

using contract::startup;

class indirect_call final : public contract::session<startup> {
public:
    explicit indirect_call(std::uint64_t seed) : seed_(seed) {}

    startup::outcome run(contract::probe& probe) override { return {1, entry_(seed_, probe)}; }

private:
    static std::uint64_t live(std::uint64_t seed, contract::probe& probe) {
        auto const value = kernel::mix(seed);
        probe.end(0);
        return value;
    }

    std::uint64_t seed_;
    std::uint64_t (*volatile entry_)(std::uint64_t, contract::probe&) = &live;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<indirect_call>(around.limits.seed);
}

} // namespace floor_model
