// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/matmul.hpp"
#include "kernel/random.hpp"
#include "kernel/shared_pages.hpp"

#include <cstdint>
#include <span>

namespace kernel {

/// Element (row, column) of factor 0 or 1: a whole number below 16.
[[nodiscard]] constexpr double factor_element(std::uint64_t seed, unsigned factor,
                                              std::uint64_t row, std::uint64_t column) noexcept {
    return static_cast<double>(mix(seed ^ (row << 33) ^ (column << 1) ^ factor) % 16);
}
/// Weight of a row of the product (side 0) or of a column (side 1) in the checksum.
[[nodiscard]] constexpr std::uint64_t product_weight(unsigned side, std::uint64_t index) noexcept {
    return mix(~(index << 1 | side)) | 1;
}

/// The tree of `matmul`: see fork_join/tree.hpp.
class matmul_tree {
public:
    using workload = contract::matmul;
    /// Block (row, between) of the first factor times block (between, column) of the second.
    struct node {
        std::uint32_t row;
        std::uint32_t column;
        std::uint32_t between;
        std::uint32_t edge;
    };
    static constexpr unsigned phases = 2;
    static constexpr unsigned most_children = 4;

    /// Fills the factors.
    matmul_tree(contract::matmul::params const& params, std::uint64_t seed);

    [[nodiscard]] node root() const noexcept { return {0, 0, 0, edge_}; }
    [[nodiscard]] bool is_leaf(node const& subtree) const noexcept {
        return subtree.edge <= grain_;
    }
    [[nodiscard]] std::uint64_t solve(node const& subtree) const noexcept;
    [[nodiscard]] bool next(node const& subtree, unsigned phase, unsigned& cursor,
                            node& child) const noexcept {
        if (cursor == 4) return false;
        auto const half = subtree.edge / 2;
        child = {subtree.row + half * (cursor >> 1), subtree.column + half * (cursor & 1),
                 subtree.between + half * phase, half};
        ++cursor;
        return true;
    }
    [[nodiscard]] static contract::matmul::outcome outcome(std::uint64_t sum) noexcept {
        return {sum};
    }

private:
    void multiply(node const& subtree) const noexcept;
    [[nodiscard]] std::uint64_t checksum(node const& subtree) const noexcept;

    std::uint32_t edge_;
    std::uint32_t grain_;
    shared_pages pages_;
    std::span<double> left_;
    std::span<double> right_;
    std::span<double> product_;
    std::span<std::uint64_t> row_weight_;
    std::span<std::uint64_t> column_weight_;
};

} // namespace kernel
