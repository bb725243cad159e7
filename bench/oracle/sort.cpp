// SPDX-License-Identifier: MIT
#include "contract/workloads/sort.hpp"
#include "kernel/fork_join/sort.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace oracle {
namespace {

using contract::sort;

struct sort_rules final : rules<sort> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {
                {.keys = 10'000, .grain = 500}, {.keys = 33, .grain = 2}, {.keys = 1, .grain = 2}};
        case preset::quick:
            return {{.keys = 1'000'000, .grain = 10'000}};
        case preset::full:
            return {{.keys = 10'000'000, .grain = 100'000},
                    {.keys = 10'000'000, .grain = 1'000},
                    {.keys = 10'000'000, .grain = 10'000},
                    {.keys = 10'000'000, .grain = 1'000'000}};
        }
        return {};
    }
    std::string_view unit() const override { return "key"; }
    std::uint64_t units(params const& p) const override { return p.keys; }

    sort::outcome expected(params const& p, std::uint64_t seed) const override {
        std::vector<std::uint64_t> keys(p.keys);
        for (std::uint64_t i = 0; i < p.keys; ++i) {
            keys[i] = kernel::sort_key(seed, i);
        }
        std::ranges::sort(keys);
        sort::outcome right;
        for (std::uint64_t i = 0; i < p.keys; ++i) {
            right.checksum += (i + 1) * keys[i];
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, sort::outcome const& right,
                      sort::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("checksum {}, not {}", outcome.checksum, right.checksum);
    }
};

} // namespace

rules<sort> const& rules_of(std::type_identity<sort>) {
    static sort_rules const rules;
    return rules;
}

} // namespace oracle
