// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/fib.hpp"

#include <cstdint>

namespace kernel {

/// fib(n) by recursion, compiled once.
[[nodiscard]] std::uint64_t fib(std::uint64_t n) noexcept;

/// The tree of `fib`: see fork_join/tree.hpp.
class fib_tree {
public:
    using workload = contract::fib;
    using node = std::uint64_t; ///< the n of fib(n)
    static constexpr unsigned phases = 1;
    static constexpr unsigned most_children = 2;

    fib_tree(contract::fib::params const& params, std::uint64_t /*seed*/) noexcept
        : n_(params.n), grain_(params.grain) {}

    [[nodiscard]] node root() const noexcept { return n_; }
    [[nodiscard]] bool is_leaf(node n) const noexcept { return n < grain_; }
    [[nodiscard]] std::uint64_t solve(node n) const noexcept { return n < 2 ? n : fib(n); }
    [[nodiscard]] bool next(node n, unsigned, unsigned& cursor, node& child) const noexcept {
        if (cursor == 2) return false;
        child = n - ++cursor;
        return true;
    }
    [[nodiscard]] static contract::fib::outcome outcome(std::uint64_t sum) noexcept {
        return {sum};
    }

private:
    std::uint64_t n_;
    std::uint64_t grain_;
};

} // namespace kernel
