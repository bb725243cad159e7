// SPDX-License-Identifier: MIT
// siding::par_pool with `workers` threads: each child but the last is forked, which runs it at once
// and leaves the rest of the node to whoever is idle; the last is called, then the node joins. The
// caller only waits.
#include "cells.hpp"

#include "kernel/fork_join/all.hpp"
#include "siding/par/pool.hpp"

#include <array>

namespace coroutine_model {
namespace {

template <kernel::fork_join_tree Tree>
siding::par<std::uint64_t> solve(Tree const& tree, typename Tree::node subtree) {
    if (tree.is_leaf(subtree)) co_return tree.solve(subtree);
    std::uint64_t sum = 0;
    for (unsigned phase = 0; phase < Tree::phases; ++phase) {
        std::array<std::uint64_t, Tree::most_children - 1> values;
        unsigned forked = 0;
        unsigned cursor = 0;
        typename Tree::node child;
        if (!tree.next(subtree, phase, cursor, child)) continue;
        for (typename Tree::node after; tree.next(subtree, phase, cursor, after); child = after) {
            co_await siding::fork(values[forked++], solve(tree, child));
        }
        sum += co_await solve(tree, child);
        co_await siding::join();
        for (unsigned i = 0; i < forked; ++i) {
            sum += values[i];
        }
    }
    co_return sum;
}

template <kernel::fork_join_tree Tree>
class stolen_continuations final : public contract::session<typename Tree::workload> {
public:
    stolen_continuations(typename Tree::workload::params const& params,
                         contract::budget const& limits)
        : tree_(params, limits.seed), pool_(workers_of(limits)) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(pool_.run_blocking([this] { return solve(tree_, tree_.root()); }));
    }

private:
    static unsigned workers_of(contract::budget const& limits) {
        if (limits.workers > siding::par_pool::most_workers) {
            throw contract::declined_error("a par_pool has 64 workers at most");
        }
        return limits.workers;
    }

    Tree tree_;
    siding::par_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib_pool(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<stolen_continuations<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul_pool(contract::matmul::params const& params,
                 contract::matmul::environment const& around) {
    return std::make_unique<stolen_continuations<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens_pool(contract::nqueens::params const& params,
                  contract::nqueens::environment const& around) {
    return std::make_unique<stolen_continuations<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet_pool(contract::skynet::params const& params,
                 contract::skynet::environment const& around) {
    return std::make_unique<stolen_continuations<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort_pool(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<stolen_continuations<kernel::sort_tree>>(params, around.limits);
}

} // namespace coroutine_model
