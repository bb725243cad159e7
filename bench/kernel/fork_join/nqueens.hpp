// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/nqueens.hpp"

#include <array>
#include <cstdint>

namespace kernel {

/// A board whose first `rows` rows have a queen each.
struct board {
    std::array<std::uint8_t, 16> column{}; ///< of the queen in each row
    std::uint32_t rows = 0;
};

/// A queen in the next row, at `column`, would be attacked by none. Compiled once.
[[nodiscard]] bool is_safe(board const& b, std::uint32_t column) noexcept;

/// The ways to fill the rows that are left of `queens`.
[[nodiscard]] std::uint64_t solutions(board const& b, std::uint32_t queens) noexcept;

/// The tree of `nqueens`: see fork_join/tree.hpp.
class nqueens_tree {
public:
    using workload = contract::nqueens;
    using node = board;
    static constexpr unsigned phases = 1;
    static constexpr unsigned most_children = 16;

    nqueens_tree(contract::nqueens::params const& params, std::uint64_t /*seed*/) noexcept
        : queens_(static_cast<std::uint32_t>(params.queens)),
          leaf_rows_(queens_ - static_cast<std::uint32_t>(
                                   params.grain < params.queens ? params.grain : params.queens)) {}

    [[nodiscard]] node root() const noexcept { return {}; }
    [[nodiscard]] bool is_leaf(node const& subtree) const noexcept {
        return subtree.rows >= leaf_rows_;
    }
    [[nodiscard]] std::uint64_t solve(node const& subtree) const noexcept {
        return subtree.rows == queens_ ? 1 : solutions(subtree, queens_);
    }
    [[nodiscard]] bool next(node const& subtree, unsigned, unsigned& cursor,
                            node& child) const noexcept {
        while (cursor < queens_) {
            auto const column = cursor++;
            if (!is_safe(subtree, column)) continue;
            child = subtree;
            child.column[child.rows++] = static_cast<std::uint8_t>(column);
            return true;
        }
        return false;
    }
    [[nodiscard]] static contract::nqueens::outcome outcome(std::uint64_t sum) noexcept {
        return {sum};
    }

private:
    std::uint32_t queens_;
    std::uint32_t leaf_rows_; ///< how many rows a leaf fills
};

} // namespace kernel
