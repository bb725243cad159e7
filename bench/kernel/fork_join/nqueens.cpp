// SPDX-License-Identifier: MIT
#include "kernel/fork_join/nqueens.hpp"

namespace kernel {

bool is_safe(board const& b, std::uint32_t column) noexcept {
    for (std::uint32_t row = 0; row < b.rows; ++row) {
        std::uint32_t const other = b.column[row];
        auto const apart = b.rows - row;
        if (other == column || other + apart == column || column + apart == other) return false;
    }
    return true;
}

std::uint64_t solutions(board const& b, std::uint32_t queens) noexcept {
    if (b.rows == queens) return 1;
    std::uint64_t found = 0;
    auto with_one_more = b;
    ++with_one_more.rows;
    for (std::uint32_t column = 0; column < queens; ++column) {
        if (!is_safe(b, column)) continue;
        with_one_more.column[b.rows] = static_cast<std::uint8_t>(column);
        found += solutions(with_one_more, queens);
    }
    return found;
}

} // namespace kernel
