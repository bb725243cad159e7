// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/skynet.hpp"
#include "kernel/random.hpp"

#include <algorithm>
#include <cstdint>

namespace kernel {

/// The sum of the leaves [first, first + count), compiled once.
[[nodiscard]] std::uint64_t sum_of_leaves(std::uint64_t seed, std::uint64_t first,
                                          std::uint64_t count) noexcept;

/// The tree of `skynet`: see fork_join/tree.hpp.
class skynet_tree {
public:
    using workload = contract::skynet;
    struct node {
        std::uint64_t first;
        std::uint64_t count;
    };
    static constexpr unsigned phases = 1;
    static constexpr unsigned most_children = 16;

    skynet_tree(contract::skynet::params const& params, std::uint64_t seed) noexcept
        : leaves_(params.leaves), fan_out_(params.fan_out), grain_(params.grain), seed_(seed) {}

    [[nodiscard]] node root() const noexcept { return {0, leaves_}; }
    [[nodiscard]] bool is_leaf(node const& subtree) const noexcept {
        return subtree.count <= grain_;
    }
    [[nodiscard]] std::uint64_t solve(node const& subtree) const noexcept {
        return subtree.count == 1 ? mix(seed_ ^ subtree.first)
                                  : sum_of_leaves(seed_, subtree.first, subtree.count);
    }
    [[nodiscard]] bool next(node const& subtree, unsigned, unsigned& cursor,
                            node& child) const noexcept {
        auto const parts = std::min(fan_out_, subtree.count);
        if (cursor == parts) return false;
        auto const begin = subtree.count * cursor / parts;
        child = {subtree.first + begin, subtree.count * ++cursor / parts - begin};
        return true;
    }
    [[nodiscard]] static contract::skynet::outcome outcome(std::uint64_t sum) noexcept {
        return {sum};
    }

private:
    std::uint64_t leaves_;
    std::uint64_t fan_out_;
    std::uint64_t grain_;
    std::uint64_t seed_;
};

} // namespace kernel
