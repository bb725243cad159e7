// SPDX-License-Identifier: MIT
#include "cell/disturbance.hpp"

#include "facts/table/fields.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace cell {

namespace field = facts::field;
namespace {

constexpr double most_waited = 0.10;           ///< of the time in which it wanted to run
constexpr double least_taken_by_others = 0.05; ///< of the time of its CPUs
constexpr double most_stolen = 0.05;

double number(nlohmann::json const& sample, char const* name) {
    auto const& value = sample.at(name);
    return value.is_number() ? value.get<double>() : 0.0;
}

/// Threads of one tree, and the other end on the same CPUs, make each other wait.
bool can_only_wait_for_strangers(nlohmann::json const& sample) {
    if (sample.at(field::threads) != 1 || sample.at(field::processes) != 1) return false;
    auto const& own = sample.at(field::cpus);
    auto const& others = sample.at(field::client_cpus);
    if (!own.is_array() || !others.is_array()) return false;
    return std::find_first_of(own.begin(), own.end(), others.begin(), others.end()) == own.end();
}

} // namespace

facts::judgement disturbance(nlohmann::json const& sample) {
    auto const stolen = number(sample, field::steal_share);
    if (stolen > most_stolen) {
        return {facts::verdict::disturbed,
                fmt::format("the host took {:.0f} % of its CPUs for other guests", 100 * stolen)};
    }
    if (sample.at(field::run_delay_ns).is_null()) return {};
    auto const waited_ns = number(sample, field::run_delay_ns);
    auto const wanted_ns = waited_ns + number(sample, field::cpu_ns);
    auto const waited = wanted_ns > 0 ? waited_ns / wanted_ns : 0.0;
    auto const by_others = stolen + number(sample, field::foreign_cpu_share);
    if (waited <= most_waited ||
        (by_others <= least_taken_by_others && !can_only_wait_for_strangers(sample))) {
        return {};
    }
    return {facts::verdict::disturbed,
            fmt::format("it waited for a CPU in {:.0f} % of the time in which it could have run",
                        100 * waited)};
}

} // namespace cell
