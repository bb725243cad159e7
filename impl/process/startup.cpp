// SPDX-License-Identifier: MIT
// `workers` children are forked in the maker, which returns when all are ready; the first operation
// is a job of child 0, its value comes back in shared memory.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/random.hpp"

namespace process {
namespace {

using contract::startup;

class first_job final : public contract::session<startup> {
public:
    explicit first_job(contract::budget const& limits)
        : seed_(limits.seed), children_(limits.workers, [this](std::uint64_t child) {
              return [this, child](contract::probe& probe) {
                  if (child != 0) return;
                  outcome_[0] = {1, kernel::mix(seed_)};
                  probe.end(0);
              };
          }) {}

    startup::outcome run(contract::probe& probe) override {
        children_.run(probe);
        return outcome_[0];
    }

private:
    std::uint64_t seed_;
    shared_array<startup::outcome> outcome_{1};
    child_pool children_; ///< last: ended before what they share is unmapped
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_job>(around.limits);
}

} // namespace process
