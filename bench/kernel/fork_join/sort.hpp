// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/sort.hpp"
#include "kernel/random.hpp"
#include "kernel/shared_pages.hpp"

#include <cstdint>
#include <span>

namespace kernel {

/// Key i of the input.
[[nodiscard]] constexpr std::uint64_t sort_key(std::uint64_t seed, std::uint64_t i) noexcept {
    return mix(mix(seed) ^ i);
}

/// The tree of `sort`: see fork_join/tree.hpp. Halves are sorted into one of two buffers and merged
/// into the other.
class sort_tree {
public:
    using workload = contract::sort;
    /// Sorts the input [begin, middle) into a buffer, or merges [begin, middle) and [other,
    /// other_end) of the other buffer to `out` in it.
    struct node {
        std::uint32_t begin;
        std::uint32_t middle;
        std::uint32_t other;
        std::uint32_t other_end;
        std::uint32_t out;
        std::uint8_t into;
        bool merges;
        bool is_last; ///< its keys are in their final place
    };
    static constexpr unsigned phases = 2;
    static constexpr unsigned most_children = 2;

    /// Fills the input.
    sort_tree(contract::sort::params const& params, std::uint64_t seed);

    [[nodiscard]] node root() const noexcept { return {0, keys_, 0, 0, 0, 0, false, true}; }
    [[nodiscard]] bool is_leaf(node const& subtree) const noexcept {
        return (subtree.middle - subtree.begin) + (subtree.other_end - subtree.other) <= grain_;
    }
    [[nodiscard]] std::uint64_t solve(node const& subtree) const noexcept;
    [[nodiscard]] bool next(node const& subtree, unsigned phase, unsigned& cursor,
                            node& child) const noexcept;
    [[nodiscard]] static contract::sort::outcome outcome(std::uint64_t sum) noexcept {
        return {sum};
    }

private:
    void divide_merge(node const& subtree, unsigned half, node& child) const noexcept;

    std::uint32_t keys_;
    std::uint32_t grain_;
    shared_pages pages_;
    std::span<std::uint64_t> input_;
    std::span<std::uint64_t> buffer_[2];
};

} // namespace kernel
