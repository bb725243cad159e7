// SPDX-License-Identifier: MIT
#include "contract/workloads/startup.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::startup;

struct startup_rules final : rules<startup> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.starts = 2}};
        case preset::quick:
            return {{.starts = 20}};
        case preset::full:
            return {{.starts = 200}};
        }
        return {};
    }
    std::string_view unit() const override { return "start"; }
    std::uint64_t units(params const& p) const override { return p.starts; }
    std::uint64_t slots(params const& p) const override { return p.starts; }

    startup::outcome expected(params const& p, std::uint64_t seed) const override {
        startup::outcome right{.operations = p.starts, .sum = 0};
        for (std::uint64_t i = 0; i < p.starts; ++i) {
            right.sum += kernel::mix(kernel::mix(seed ^ i));
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, startup::outcome const& right,
                      startup::outcome const& outcome, evidence const& seen) const override {
        if (outcome.operations != right.operations) {
            return fmt::format("{} operations, not {}", outcome.operations, right.operations);
        }
        if (outcome.sum != right.sum) {
            return fmt::format("sum {}, not {}: an operation is missing, double or wrong",
                               outcome.sum, right.sum);
        }
        for (std::size_t i = 0; i < seen.slots.size(); ++i) {
            if (seen.slots[i].begin_ns == 0 || seen.slots[i].end_ns < seen.slots[i].begin_ns) {
                return fmt::format("start {}: the first operation was not noted", i);
            }
        }
        return {};
    }
};

} // namespace

rules<startup> const& rules_of(std::type_identity<startup>) {
    static startup_rules const rules;
    return rules;
}

} // namespace oracle
