// SPDX-License-Identifier: MIT
#include "contract/workloads/matmul.hpp"
#include "kernel/fork_join/matmul.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace oracle {
namespace {

using contract::matmul;

struct matmul_rules final : rules<matmul> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.edge = 32, .grain = 8}, {.edge = 21, .grain = 21}, {.edge = 20, .grain = 5}};
        case preset::quick:
            return {{.edge = 512, .grain = 64}};
        case preset::full:
            return {{.edge = 1'024, .grain = 64},
                    {.edge = 1'024, .grain = 16},
                    {.edge = 1'024, .grain = 32},
                    {.edge = 1'024, .grain = 128},
                    {.edge = 1'024, .grain = 256}};
        }
        return {};
    }
    std::string_view unit() const override { return "block"; }
    /// Products of blocks, which are the leaves.
    std::uint64_t units(params const& p) const override {
        auto const blocks = p.edge / std::min(p.grain, p.edge);
        return blocks * blocks * blocks;
    }
    std::string refuse(params const& p) const override {
        auto grain = p.grain;
        while (grain < p.edge) {
            grain *= 2;
        }
        if (grain == p.edge || p.grain > p.edge) return {};
        return fmt::format("edge={} must be grain={} times a power of two", p.edge, p.grain);
    }

    /// The weights of the rows times the first factor, times the second factor times the weights of
    /// the columns: the weighed sum over the product, without the product.
    matmul::outcome expected(params const& p, std::uint64_t seed) const override {
        auto const element = [&](unsigned factor, std::uint64_t row, std::uint64_t column) {
            return static_cast<std::uint64_t>(kernel::factor_element(seed, factor, row, column));
        };
        matmul::outcome right;
        for (std::uint64_t between = 0; between < p.edge; ++between) {
            std::uint64_t of_rows = 0, of_columns = 0;
            for (std::uint64_t i = 0; i < p.edge; ++i) {
                of_rows += kernel::product_weight(0, i) * element(0, i, between);
                of_columns += kernel::product_weight(1, i) * element(1, between, i);
            }
            right.checksum += of_rows * of_columns;
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, matmul::outcome const& right,
                      matmul::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("checksum {}, not {}", outcome.checksum, right.checksum);
    }
};

} // namespace

rules<matmul> const& rules_of(std::type_identity<matmul>) {
    static matmul_rules const rules;
    return rules;
}

} // namespace oracle
