// SPDX-License-Identifier: MIT
#include "contract/workloads/yield.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::yield;

struct yield_rules final : rules<yield> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.units = 2, .turns = 100}, {.units = 10, .turns = 20}};
        case preset::quick:
            return {{.units = 2, .turns = 20'000}, {.units = 1'000, .turns = 200}};
        case preset::full:
            return {{.units = 2, .turns = 500'000},
                    {.units = 1'000, .turns = 10'000},
                    {.units = 100'000, .turns = 100}};
        }
        return {};
    }
    std::string_view unit() const override { return "turn"; }
    std::uint64_t units(params const& p) const override { return p.units * p.turns; }
    std::uint64_t in_flight(params const& p) const override { return p.units; }

    yield::outcome expected(params const& p, std::uint64_t seed) const override {
        yield::outcome right{.turns = p.units * p.turns, .chain = seed};
        for (std::uint64_t turn = 0; turn < p.turns; ++turn) {
            for (std::uint64_t unit = 0; unit < p.units; ++unit) {
                right.chain = kernel::mix(right.chain + unit);
            }
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, yield::outcome const& right,
                      yield::outcome const& outcome, evidence const&) const override {
        if (outcome.turns != right.turns) {
            return fmt::format("{} turns, not {}", outcome.turns, right.turns);
        }
        if (outcome.chain == right.chain) return {};
        return fmt::format("chain {}, not {}: units did not take turns in order", outcome.chain,
                           right.chain);
    }
};

} // namespace

rules<yield> const& rules_of(std::type_identity<yield>) {
    static yield_rules const rules;
    return rules;
}

} // namespace oracle
