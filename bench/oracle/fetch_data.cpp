// SPDX-License-Identifier: MIT
#include "contract/workloads/fetch_data.hpp"
#include "kernel/random.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"
#include "oracle/slots.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::fetch_data;

struct fetch_data_rules final : rules<fetch_data>, presents<fetch_data> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.fetches = 3, .step_us = 1'000}};
        case preset::quick:
            return {{.fetches = 3, .step_us = 10'000}};
        case preset::full:
            return {{.fetches = 3, .step_us = 10'000},
                    {.fetches = 3, .step_us = 100'000},
                    {.fetches = 20, .step_us = 5'000}};
        }
        return {};
    }
    presentation<params> presented() const override {
        return {.question = question::waiting,
                .headline = facts::metric::run_ns,
                .headline_reason =
                    "It is a lesson about time: who overlaps the fetches ends with the longest.",
                .preferred = {{&params::fetches, 3}, {&params::step_us, 10'000}}};
    }
    std::string_view unit() const override { return "fetch"; }
    std::uint64_t units(params const& p) const override { return p.fetches; }
    std::uint64_t in_flight(params const& p) const override { return p.fetches; }
    std::uint64_t slots(params const& p) const override { return p.fetches; }

    fetch_data::outcome expected(params const& p, std::uint64_t seed) const override {
        fetch_data::outcome right;
        for (std::uint64_t i = 0; i < p.fetches; ++i) {
            ++right.fetched;
            right.sum += kernel::fetched_value(seed, i);
        }
        return right;
    }

    std::string check(params const& p, std::uint64_t, fetch_data::outcome const& right,
                      fetch_data::outcome const& outcome, evidence const& seen) const override {
        if (outcome.fetched != right.fetched) {
            return fmt::format("fetched {} of {}", outcome.fetched, right.fetched);
        }
        if (outcome.sum != right.sum) {
            return fmt::format("the values sum up to {}, not {}", outcome.sum, right.sum);
        }
        return check_durations(seen.slots, [&](auto i) { return (i + 1) * p.step_us * 1'000; });
    }
};

} // namespace

rules<fetch_data> const& rules_of(std::type_identity<fetch_data>) {
    static fetch_data_rules const rules;
    return rules;
}

} // namespace oracle
