// SPDX-License-Identifier: MIT
#include "contract/workloads/spin.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::spin;

struct spin_rules final : rules<spin> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.spin_us = 1'000}};
        case preset::quick:
            return {{.spin_us = 1'000}, {.spin_us = 20'000}};
        case preset::full:
            return {{.spin_us = 1'000}, {.spin_us = 20'000}, {.spin_us = 200'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "spin"; }
    std::uint64_t units(params const&) const override { return 1; }

    spin::outcome expected(params const&, std::uint64_t) const override { return {.spins = 1}; }

    std::string check(params const& p, std::uint64_t, spin::outcome const& right,
                      spin::outcome const& outcome, evidence const& seen) const override {
        if (outcome != right) return fmt::format("{} spins, not {}", outcome.spins, right.spins);
        if (seen.run_ns < p.spin_us * 1'000) {
            return fmt::format("measured {} ns for a spin of {} ns: the clock is wrong",
                               seen.run_ns, p.spin_us * 1'000);
        }
        return {};
    }
};

} // namespace

rules<spin> const& rules_of(std::type_identity<spin>) {
    static spin_rules const rules;
    return rules;
}

} // namespace oracle
