// SPDX-License-Identifier: MIT
#include "kernel/fork_join/matmul.hpp"

#include <algorithm>

namespace kernel {
namespace {

/// Edge of the blocks that fit the first-level cache, whatever the grain.
constexpr std::uint32_t cached_edge = 64;

std::size_t matrix_bytes(std::uint64_t edge) { return edge * edge * sizeof(double); }

} // namespace

matmul_tree::matmul_tree(contract::matmul::params const& params, std::uint64_t seed)
    : edge_(static_cast<std::uint32_t>(params.edge)),
      grain_(static_cast<std::uint32_t>(params.grain)),
      pages_(3 * matrix_bytes(edge_) + std::size_t(2) * edge_ * sizeof(std::uint64_t)),
      left_(pages_.as<double>(0, std::size_t(edge_) * edge_)),
      right_(pages_.as<double>(matrix_bytes(edge_), left_.size())),
      product_(pages_.as<double>(2 * matrix_bytes(edge_), left_.size())),
      row_weight_(pages_.as<std::uint64_t>(3 * matrix_bytes(edge_), edge_)),
      column_weight_(pages_.as<std::uint64_t>(
          3 * matrix_bytes(edge_) + edge_ * sizeof(std::uint64_t), edge_)) {
    for (std::uint64_t row = 0; row < edge_; ++row) {
        row_weight_[row] = product_weight(0, row);
        column_weight_[row] = product_weight(1, row);
        for (std::uint64_t column = 0; column < edge_; ++column) {
            left_[row * edge_ + column] = factor_element(seed, 0, row, column);
            right_[row * edge_ + column] = factor_element(seed, 1, row, column);
        }
    }
}

std::uint64_t matmul_tree::solve(node const& subtree) const noexcept {
    if (subtree.between == 0) {
        for (auto row = subtree.row; row < subtree.row + subtree.edge; ++row) {
            std::fill_n(&product_[std::size_t(row) * edge_ + subtree.column], subtree.edge, 0.0);
        }
    }
    auto const step = std::min(subtree.edge, cached_edge);
    for (auto between = subtree.between; between < subtree.between + subtree.edge;
         between += step) {
        for (auto column = subtree.column; column < subtree.column + subtree.edge; column += step) {
            for (auto row = subtree.row; row < subtree.row + subtree.edge; row += step) {
                multiply({row, column, between, step});
            }
        }
    }
    return subtree.between + subtree.edge == edge_ ? checksum(subtree) : 0;
}

void matmul_tree::multiply(node const& subtree) const noexcept {
    for (auto row = subtree.row; row < subtree.row + subtree.edge; ++row) {
        auto* const out = &product_[std::size_t(row) * edge_ + subtree.column];
        auto const* const left = &left_[std::size_t(row) * edge_ + subtree.between];
        std::uint32_t between = 0;
        // Four at once: the row of the product is read and written a quarter as often.
        for (; between + 4 <= subtree.edge; between += 4) {
            auto const* const right =
                &right_[std::size_t(subtree.between + between) * edge_ + subtree.column];
            auto const a = left[between], b = left[between + 1];
            auto const c = left[between + 2], d = left[between + 3];
            for (std::uint32_t column = 0; column < subtree.edge; ++column) {
                out[column] += a * right[column] + b * right[column + edge_] +
                               c * right[column + 2 * std::size_t(edge_)] +
                               d * right[column + 3 * std::size_t(edge_)];
            }
        }
        for (; between < subtree.edge; ++between) {
            auto const* const right =
                &right_[std::size_t(subtree.between + between) * edge_ + subtree.column];
            for (std::uint32_t column = 0; column < subtree.edge; ++column) {
                out[column] += left[between] * right[column];
            }
        }
    }
}

std::uint64_t matmul_tree::checksum(node const& subtree) const noexcept {
    std::uint64_t sum = 0;
    for (auto row = subtree.row; row < subtree.row + subtree.edge; ++row) {
        auto const* const elements = &product_[std::size_t(row) * edge_];
        std::uint64_t of_row = 0;
        for (auto column = subtree.column; column < subtree.column + subtree.edge; ++column) {
            of_row += column_weight_[column] * static_cast<std::uint64_t>(elements[column]);
        }
        sum += row_weight_[row] * of_row;
    }
    return sum;
}

} // namespace kernel
