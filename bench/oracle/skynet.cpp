// SPDX-License-Identifier: MIT
#include "contract/workloads/skynet.hpp"
#include "kernel/random.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace oracle {
namespace {

using contract::skynet;

/// Nodes of a tree with this many leaves; there are two sizes a level at most, so each is counted
/// once.
std::uint64_t nodes(skynet::params const& p, std::uint64_t leaves,
                    std::map<std::uint64_t, std::uint64_t>& known) {
    if (leaves <= p.grain) return 1;
    if (auto const entry = known.find(leaves); entry != known.end()) return entry->second;
    auto const children = std::min(p.fan_out, leaves);
    auto const larger = leaves % children;
    std::uint64_t tasks = 1 + (children - larger) * nodes(p, leaves / children, known);
    if (larger != 0) tasks += larger * nodes(p, leaves / children + 1, known);
    return known[leaves] = tasks;
}

struct skynet_rules final : rules<skynet> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.leaves = 1'000, .fan_out = 10, .grain = 1},
                    {.leaves = 777, .fan_out = 3, .grain = 4},
                    {.leaves = 1, .fan_out = 10, .grain = 1}};
        case preset::quick:
            return {{.leaves = 100'000, .fan_out = 10, .grain = 1},
                    {.leaves = 10'000'000, .fan_out = 10, .grain = 1'000}};
        case preset::full:
            return {{.leaves = 1'000'000, .fan_out = 10, .grain = 1},
                    {.leaves = 1'000'000, .fan_out = 10, .grain = 10},
                    {.leaves = 1'000'000, .fan_out = 10, .grain = 100},
                    {.leaves = 1'000'000, .fan_out = 10, .grain = 1'000},
                    {.leaves = 1'000'000, .fan_out = 10, .grain = 10'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "task"; }
    std::uint64_t units(params const& p) const override {
        std::map<std::uint64_t, std::uint64_t> known;
        return nodes(p, p.leaves, known);
    }

    skynet::outcome expected(params const& p, std::uint64_t seed) const override {
        skynet::outcome right;
        for (std::uint64_t leaf = 0; leaf < p.leaves; ++leaf) {
            right.sum += kernel::mix(seed ^ leaf);
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, skynet::outcome const& right,
                      skynet::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("sum {}, not {}", outcome.sum, right.sum);
    }
};

} // namespace

rules<skynet> const& rules_of(std::type_identity<skynet>) {
    static skynet_rules const rules;
    return rules;
}

} // namespace oracle
