// SPDX-License-Identifier: MIT
#include "contract/workloads/spawn.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::spawn;

struct spawn_rules final : rules<spawn> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.units = 20, .at_once = 1}, {.units = 40, .at_once = 20}};
        case preset::quick:
            // The first two for every model, the others for those whose units are cheap.
            return {{.units = 1'000, .at_once = 1},
                    {.units = 1'000, .at_once = 1'000},
                    {.units = 100'000, .at_once = 1},
                    {.units = 100'000, .at_once = 1'000}};
        case preset::full:
            return {{.units = 4'000, .at_once = 1},
                    {.units = 4'000, .at_once = 1'000},
                    {.units = 5'000'000, .at_once = 1},
                    {.units = 5'000'000, .at_once = 1'000},
                    {.units = 5'000'000, .at_once = 100'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "spawn"; }
    std::uint64_t units(params const& p) const override { return p.units; }
    std::uint64_t in_flight(params const& p) const override { return p.at_once; }

    std::string refuse(params const& p) const override {
        if (p.units % p.at_once == 0) return {};
        return fmt::format("{} units do not divide into batches of {}", p.units, p.at_once);
    }

    spawn::outcome expected(params const& p, std::uint64_t seed) const override {
        spawn::outcome right{.joined = p.units};
        for (std::uint64_t i = 0; i < p.units; ++i) {
            right.sum += kernel::mix(seed ^ i);
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, spawn::outcome const& right,
                      spawn::outcome const& outcome, evidence const&) const override {
        if (outcome.joined != right.joined) {
            return fmt::format("{} units joined, not {}", outcome.joined, right.joined);
        }
        if (outcome.sum == right.sum) return {};
        return fmt::format("sum {}, not {}: a unit is missing, double or wrong", outcome.sum,
                           right.sum);
    }
};

} // namespace

rules<spawn> const& rules_of(std::type_identity<spawn>) {
    static spawn_rules const rules;
    return rules;
}

} // namespace oracle
