// SPDX-License-Identifier: MIT
#include "contract/workloads/fib.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>
#include <utility>

namespace oracle {
namespace {

using contract::fib;

struct fib_rules final : rules<fib> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.n = 14, .grain = 2}, {.n = 18, .grain = 9}, {.n = 3, .grain = 10}};
        case preset::quick:
            return {{.n = 27, .grain = 2}, {.n = 34, .grain = 18}};
        case preset::full:
            return {{.n = 36, .grain = 18}, {.n = 32, .grain = 2},  {.n = 32, .grain = 5},
                    {.n = 32, .grain = 8},  {.n = 32, .grain = 11}, {.n = 32, .grain = 14},
                    {.n = 32, .grain = 17}, {.n = 32, .grain = 20}, {.n = 32, .grain = 23}};
        }
        return {};
    }
    std::string_view unit() const override { return "task"; }
    /// Nodes of the tree: nodes(n) = 1 + nodes(n - 1) + nodes(n - 2), 1 for a leaf.
    std::uint64_t units(params const& p) const override {
        std::uint64_t before = 1, tasks = 1;
        for (auto n = p.grain; n <= p.n; ++n) {
            before = std::exchange(tasks, 1 + tasks + before);
        }
        return tasks;
    }

    fib::outcome expected(params const& p, std::uint64_t) const override {
        std::uint64_t value = 0, next = 1;
        for (std::uint64_t n = 0; n < p.n; ++n) {
            value = std::exchange(next, value + next);
        }
        return {value};
    }

    std::string check(params const&, std::uint64_t, fib::outcome const& right,
                      fib::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("value {}, not {}", outcome.value, right.value);
    }
};

} // namespace

rules<fib> const& rules_of(std::type_identity<fib>) {
    static fib_rules const rules;
    return rules;
}

} // namespace oracle
