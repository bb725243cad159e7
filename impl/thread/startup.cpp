// SPDX-License-Identifier: MIT
// A pool of `workers` threads is made in the maker; the first operation is a job of worker 0.
#include "cells.hpp"
#include "kernel/random.hpp"
#include "worker_pool.hpp"

namespace thread_model {
namespace {

using contract::startup;

class first_job final : public contract::session<startup> {
public:
    explicit first_job(contract::budget const& limits)
        : seed_(limits.seed), pool_(limits.workers) {}

    startup::outcome run(contract::probe& probe) override {
        startup::outcome outcome;
        pool_.run([&](std::uint64_t worker) {
            if (worker != 0) return;
            outcome = {1, kernel::mix(seed_)};
            probe.end(0);
        });
        return outcome;
    }

private:
    std::uint64_t seed_;
    worker_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_job>(around.limits);
}

} // namespace thread_model
