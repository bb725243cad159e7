// SPDX-License-Identifier: MIT
// The lesson. Both variants call the same coroutine function. `sequential` awaits the coroutine
// objects one after another: each starts only when it is awaited, so nothing overlaps. `tasks`
// makes tasks of them first: all wait at once, and the whole takes as long as the longest.

#include "cells.hpp"

#include "kernel/random.hpp"
#include "siding/siding.hpp"

#include <chrono>
#include <vector>

namespace coroutine_model {
namespace {

using contract::fetch_data;

struct lesson {
    fetch_data::params params;
    std::uint64_t seed;
};

siding::coroutine<std::uint64_t> fetch(lesson const& of, std::uint64_t i, contract::probe& probe) {
    probe.begin(i);
    co_await siding::sleep(std::chrono::microseconds((i + 1) * of.params.step_us));
    auto const value = kernel::fetched_value(of.seed, i);
    probe.end(i);
    co_return value;
}

siding::coroutine<fetch_data::outcome> one_after_another(lesson const& of, contract::probe& probe) {
    std::vector<siding::coroutine<std::uint64_t>> coroutines;
    for (std::uint64_t i = 0; i < of.params.fetches; ++i) {
        coroutines.push_back(fetch(of, i, probe)); // runs nothing yet
    }
    fetch_data::outcome out;
    for (auto& each : coroutines) {
        out.sum += co_await std::move(each);
        ++out.fetched;
    }
    co_return out;
}

siding::coroutine<fetch_data::outcome> all_at_once(lesson const& of, contract::probe& probe) {
    std::vector<siding::task<std::uint64_t>> tasks;
    for (std::uint64_t i = 0; i < of.params.fetches; ++i) {
        tasks.push_back(siding::create_task(fetch(of, i, probe)));
    }
    fetch_data::outcome out;
    for (auto const& each : tasks) {
        out.sum += co_await each;
        ++out.fetched;
    }
    co_return out;
}

using way = siding::coroutine<fetch_data::outcome>(lesson const&, contract::probe&);

class fetch_data_session final : public contract::session<fetch_data> {
public:
    fetch_data_session(lesson of, way& run_it) : of_(of), run_it_(run_it) {}

    fetch_data::outcome run(contract::probe& probe) override {
        return siding::run(run_it_(of_, probe));
    }

private:
    lesson of_;
    way& run_it_;
};

} // namespace

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data_sequential(fetch_data::params const& params,
                           fetch_data::environment const& around) {
    return std::make_unique<fetch_data_session>(lesson{params, around.limits.seed},
                                                one_after_another);
}

std::unique_ptr<contract::session<fetch_data>>
make_fetch_data_tasks(fetch_data::params const& params, fetch_data::environment const& around) {
    return std::make_unique<fetch_data_session>(lesson{params, around.limits.seed}, all_at_once);
}

} // namespace coroutine_model
