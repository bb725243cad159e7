// SPDX-License-Identifier: MIT
// The tree as a plain recursion down to the grain, on the calling thread: the yardstick of every
// efficiency. What others take longer, at the same grain, is the price of their tasks.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"

namespace serial {
namespace {

template <kernel::fork_join_tree Tree>
class recursion final : public contract::session<typename Tree::workload> {
public:
    recursion(typename Tree::workload::params const& params, std::uint64_t seed)
        : tree_(params, seed) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(kernel::recurse(tree_, tree_.root()));
    }

private:
    Tree tree_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<recursion<kernel::fib_tree>>(params, around.limits.seed);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<recursion<kernel::matmul_tree>>(params, around.limits.seed);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<recursion<kernel::nqueens_tree>>(params, around.limits.seed);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<recursion<kernel::skynet_tree>>(params, around.limits.seed);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<recursion<kernel::sort_tree>>(params, around.limits.seed);
}

} // namespace serial
