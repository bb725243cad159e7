// SPDX-License-Identifier: MIT
// A pool of `workers` threads: a packaged task and a future for each child but the last, which the
// node does itself; waiting for a future runs other tasks that are deeper. The caller only waits.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"
#include "task_pool.hpp"

#include <array>

namespace thread_model {
namespace {

template <kernel::fork_join_tree Tree>
class pool_of_futures final : public contract::session<typename Tree::workload> {
public:
    pool_of_futures(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), pool_(limits.workers) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(pool_.submit(0, [this] { return solve(tree_.root(), 0); }).get());
    }

private:
    using node = typename Tree::node;

    std::uint64_t solve(node const& subtree, unsigned depth) {
        if (tree_.is_leaf(subtree)) return tree_.solve(subtree);
        std::uint64_t sum = 0;
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<std::future<std::uint64_t>, Tree::most_children - 1> results;
            unsigned forked = 0;
            kernel::for_each_child(
                tree_, subtree, phase,
                [&](node const& child, unsigned i) {
                    results[i] = pool_.submit(
                        depth + 1, [this, child, depth] { return solve(child, depth + 1); });
                    forked = i + 1;
                },
                [&](node const& child) { sum += solve(child, depth + 1); });
            while (forked != 0) {
                sum +=
                    pool_.get(depth, results[--forked]); // the newest is the likeliest to be done
            }
        }
        return sum;
    }

    Tree tree_;
    task_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib_pool(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<pool_of_futures<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul_pool(contract::matmul::params const& params,
                 contract::matmul::environment const& around) {
    return std::make_unique<pool_of_futures<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens_pool(contract::nqueens::params const& params,
                  contract::nqueens::environment const& around) {
    return std::make_unique<pool_of_futures<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet_pool(contract::skynet::params const& params,
                 contract::skynet::environment const& around) {
    return std::make_unique<pool_of_futures<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort_pool(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<pool_of_futures<kernel::sort_tree>>(params, around.limits);
}

} // namespace thread_model
