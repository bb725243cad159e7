// SPDX-License-Identifier: MIT
// As the documentation of oneTBB has it: a tbb::task_group a node, `run` for each child but the
// last, which the node does itself, and `wait`, which works on other tasks meanwhile. The arena has
// `workers` threads, the caller one of them.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"

#include <array>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace tbb_model {
namespace {

namespace tbb = oneapi::tbb;

template <kernel::fork_join_tree Tree>
class task_groups final : public contract::session<typename Tree::workload> {
public:
    task_groups(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed),
          most_threads_(tbb::global_control::max_allowed_parallelism, limits.workers),
          arena_(static_cast<int>(limits.workers)) {
        arena_.initialize();
    }

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(arena_.execute([this] { return solve(tree_.root()); }));
    }

private:
    using node = typename Tree::node;

    std::uint64_t solve(node const& subtree) const {
        if (tree_.is_leaf(subtree)) return tree_.solve(subtree);
        std::uint64_t sum = 0;
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<std::uint64_t, Tree::most_children - 1> values;
            unsigned forked = 0;
            tbb::task_group group;
            kernel::for_each_child(
                tree_, subtree, phase,
                [&](node const& child, unsigned i) {
                    group.run([this, child, &value = values[i]] { value = solve(child); });
                    forked = i + 1;
                },
                [&](node const& child) { sum += solve(child); });
            group.wait();
            for (unsigned i = 0; i < forked; ++i) {
                sum += values[i];
            }
        }
        return sum;
    }

    Tree tree_;
    tbb::global_control most_threads_;
    tbb::task_arena arena_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<task_groups<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<task_groups<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<task_groups<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<task_groups<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<task_groups<kernel::sort_tree>>(params, around.limits);
}

} // namespace tbb_model
