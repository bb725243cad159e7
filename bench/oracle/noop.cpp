// SPDX-License-Identifier: MIT
#include "contract/workloads/noop.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::noop;

struct noop_rules final : rules<noop> {
    std::vector<params> points(preset) const override { return {{.calls = 1}}; }
    std::string_view unit() const override { return "call"; }
    std::uint64_t units(params const& p) const override { return p.calls; }

    noop::outcome expected(params const& p, std::uint64_t) const override {
        return {.calls = p.calls};
    }

    std::string check(params const&, std::uint64_t, noop::outcome const& right,
                      noop::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("{} calls, not {}", outcome.calls, right.calls);
    }
};

} // namespace

rules<noop> const& rules_of(std::type_identity<noop>) {
    static noop_rules const rules;
    return rules;
}

} // namespace oracle
