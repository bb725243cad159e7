// SPDX-License-Identifier: MIT
// task_group: `run` for each unit of a batch and one `wait` for all of them, which works on the
// tasks itself. The arena has `workers` threads, the caller one of them.
#include "cells.hpp"
#include "kernel/random.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <utility>
#include <vector>

namespace tbb_model {
namespace {

namespace tbb = oneapi::tbb;
using contract::spawn;

class grouped_tasks final : public contract::session<spawn> {
public:
    grouped_tasks(spawn::params const& params, contract::budget const& limits)
        : params_(params),
          seed_(limits.seed),
          values_(params.at_once),
          most_threads_(tbb::global_control::max_allowed_parallelism, limits.workers),
          arena_(static_cast<int>(limits.workers)) {
        arena_.initialize();
    }

    spawn::outcome run(contract::probe&) override {
        return arena_.execute([this] { return spawn_all(); });
    }

private:
    spawn::outcome spawn_all() {
        spawn::outcome outcome;
        tbb::task_group group;
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto& value : values_) {
                group.run([this, i, &value] { value = kernel::mix(seed_ ^ i); });
                ++i;
            }
            group.wait();
            for (auto& value : values_) {
                outcome.sum += std::exchange(value, 0);
                ++outcome.joined;
            }
        }
        return outcome;
    }

    spawn::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> values_;
    tbb::global_control most_threads_;
    tbb::task_arena arena_;
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    return std::make_unique<grouped_tasks>(params, around.limits);
}

} // namespace tbb_model
