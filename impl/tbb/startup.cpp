// SPDX-License-Identifier: MIT
// The arena of `workers` threads is made in the maker; oneTBB starts its threads when there is
// work. The first operation is a task of a task_group.
#include "cells.hpp"
#include "kernel/random.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace tbb_model {
namespace {

namespace tbb = oneapi::tbb;
using contract::startup;

class first_task final : public contract::session<startup> {
public:
    explicit first_task(contract::budget const& limits)
        : seed_(limits.seed),
          most_threads_(tbb::global_control::max_allowed_parallelism, limits.workers),
          arena_(static_cast<int>(limits.workers)) {
        arena_.initialize();
    }

    startup::outcome run(contract::probe& probe) override {
        startup::outcome outcome;
        arena_.execute([&] {
            tbb::task_group group;
            group.run([&] {
                outcome = {1, kernel::mix(seed_)};
                probe.end(0);
            });
            group.wait();
        });
        return outcome;
    }

private:
    std::uint64_t seed_;
    tbb::global_control most_threads_;
    tbb::task_arena arena_;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_task>(around.limits);
}

} // namespace tbb_model
