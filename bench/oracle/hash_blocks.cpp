// SPDX-License-Identifier: MIT
#include "contract/workloads/hash_blocks.hpp"
#include "kernel/hash.hpp"
#include "oracle/presentation.hpp"
#include "oracle/rules.hpp"

#include <fmt/format.h>

namespace oracle {
namespace {

using contract::hash_blocks;

struct hash_blocks_rules final : rules<hash_blocks>, presents<hash_blocks> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {{.blocks = 37, .block_bytes = 1'001, .passes = 3},
                    {.blocks = 1, .block_bytes = 16'384, .passes = 1}};
        case preset::quick:
            return {{.blocks = 512, .block_bytes = 16'384, .passes = 64}};
        case preset::full:
            return {{.blocks = 2'048, .block_bytes = 16'384, .passes = 64},
                    {.blocks = 100'000, .block_bytes = 64, .passes = 16},
                    {.blocks = 16, .block_bytes = 1'048'576, .passes = 64}};
        }
        return {};
    }
    presentation<params> presented() const override {
        return {.question = question::computing,
                .preferred = {
                    {&params::blocks, 512}, {&params::block_bytes, 16'384}, {&params::passes, 64}}};
    }
    std::string_view unit() const override { return "block"; }
    std::uint64_t units(params const& p) const override { return p.blocks; }
    std::uint64_t in_flight(params const& p) const override { return p.blocks; }

    hash_blocks::outcome expected(params const& p, std::uint64_t seed) const override {
        hash_blocks::outcome right;
        for (std::uint64_t block = 0; block < p.blocks; ++block) {
            right.checksum += kernel::hash_block(seed, block, p.block_bytes, p.passes);
            ++right.blocks;
        }
        return right;
    }

    std::string check(params const&, std::uint64_t, hash_blocks::outcome const& right,
                      hash_blocks::outcome const& outcome, evidence const&) const override {
        if (outcome.blocks != right.blocks) {
            return fmt::format("hashed {} blocks of {}", outcome.blocks, right.blocks);
        }
        if (outcome.checksum != right.checksum) {
            return fmt::format("checksum {}, not {}", outcome.checksum, right.checksum);
        }
        return {};
    }
};

} // namespace

rules<hash_blocks> const& rules_of(std::type_identity<hash_blocks>) {
    static hash_blocks_rules const rules;
    return rules;
}

} // namespace oracle
