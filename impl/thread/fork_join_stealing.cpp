// SPDX-License-Identifier: MIT
// Work stealing with std::thread and mutexes: a deque a thread, the newest for its owner and the
// oldest for thieves. A node forks each child but the last as a task on its own stack, does the
// last itself, and joins; joining works on other tasks. The caller only waits.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"
#include "stealing_pool.hpp"

#include <array>
#include <exception>
#include <optional>

namespace thread_model {
namespace {

template <kernel::fork_join_tree Tree>
class stealing final : public contract::session<typename Tree::workload> {
public:
    stealing(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), pool_(limits.workers) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        subtree root(*this, tree_.root());
        pool_.run(root);
        return Tree::outcome(root.value());
    }

private:
    using node = typename Tree::node;

    class subtree final : public stealing_pool::task {
    public:
        subtree(stealing& owner, node const& top) : owner_(owner), top_(top) {}
        void run() override {
            try {
                value_ = owner_.solve(top_);
            } catch (...) {
                failure_ = std::current_exception();
            }
        }
        [[nodiscard]] std::uint64_t value() const {
            if (failure_) std::rethrow_exception(failure_);
            return value_;
        }

    private:
        stealing& owner_;
        node top_;
        std::uint64_t value_ = 0;
        std::exception_ptr failure_;
    };

    std::uint64_t solve(node const& top) {
        if (tree_.is_leaf(top)) return tree_.solve(top);
        std::uint64_t sum = 0;
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<std::optional<subtree>, Tree::most_children - 1> forked;
            unsigned count = 0;
            kernel::for_each_child(
                tree_, top, phase,
                [&](node const& child, unsigned i) {
                    pool_.fork(forked[i].emplace(*this, child));
                    count = i + 1;
                },
                [&](node const& child) { sum += solve(child); });
            while (count != 0) {
                auto& newest = *forked[--count];
                pool_.join(newest);
                sum += newest.value();
            }
        }
        return sum;
    }

    Tree tree_;
    stealing_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib_stealing(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<stealing<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul_stealing(contract::matmul::params const& params,
                     contract::matmul::environment const& around) {
    return std::make_unique<stealing<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens_stealing(contract::nqueens::params const& params,
                      contract::nqueens::environment const& around) {
    return std::make_unique<stealing<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet_stealing(contract::skynet::params const& params,
                     contract::skynet::environment const& around) {
    return std::make_unique<stealing<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort_stealing(contract::sort::params const& params,
                   contract::sort::environment const& around) {
    return std::make_unique<stealing<kernel::sort_tree>>(params, around.limits);
}

} // namespace thread_model
