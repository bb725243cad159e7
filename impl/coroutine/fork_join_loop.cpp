// SPDX-License-Identifier: MIT
// asyncio's words on the one thread of the loop: a task for each child but the last, which is
// awaited at once. Nothing overlaps, for nothing waits: the price of a task, and no speed-up.
#include "cells.hpp"

#include "kernel/fork_join/all.hpp"
#include "siding/siding.hpp"

#include <array>

namespace coroutine_model {
namespace {

template <kernel::fork_join_tree Tree>
class tasks_on_a_loop final : public contract::session<typename Tree::workload> {
public:
    tasks_on_a_loop(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(siding::run(solve(tree_.root())));
    }

private:
    using node = typename Tree::node;

    siding::coroutine<std::uint64_t> solve(node subtree) {
        std::uint64_t sum = 0;
        if (tree_.is_leaf(subtree)) co_return tree_.solve(subtree);
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<siding::task<std::uint64_t>, Tree::most_children - 1> tasks;
            unsigned forked = 0;
            unsigned cursor = 0;
            node child;
            if (!tree_.next(subtree, phase, cursor, child)) continue;
            for (node after; tree_.next(subtree, phase, cursor, after); child = after) {
                tasks[forked++] = siding::create_task(solve(child));
            }
            sum += co_await solve(child);
            for (unsigned i = 0; i < forked; ++i) {
                sum += co_await tasks[i];
            }
        }
        co_return sum;
    }

    Tree tree_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib_loop(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<tasks_on_a_loop<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul_loop(contract::matmul::params const& params,
                 contract::matmul::environment const& around) {
    return std::make_unique<tasks_on_a_loop<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens_loop(contract::nqueens::params const& params,
                  contract::nqueens::environment const& around) {
    return std::make_unique<tasks_on_a_loop<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet_loop(contract::skynet::params const& params,
                 contract::skynet::environment const& around) {
    return std::make_unique<tasks_on_a_loop<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort_loop(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<tasks_on_a_loop<kernel::sort_tree>>(params, around.limits);
}

} // namespace coroutine_model
