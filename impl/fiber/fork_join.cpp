// SPDX-License-Identifier: MIT
// A fiber and a future for each child but the last, which the node does itself. The fibers are
// shared by `workers` threads, the caller one of them, the newest first. Between runs the threads
// sleep; the main fiber of each waits for the end.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"
#include "newest_first.hpp"

#include <array>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <mutex>
#include <thread>

namespace fiber {
namespace {

/// From the heap, for a fiber ends on another thread than it began and the pool has no lock.
constexpr std::size_t stack_bytes = 65'536;

template <kernel::fork_join_tree Tree>
class shared_tree final : public contract::session<typename Tree::workload> {
public:
    shared_tree(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed) {
        boost::fibers::use_scheduling_algorithm<newest_first>(shared_);
        try {
            for (unsigned helper = 1; helper < limits.workers; ++helper) {
                threads_.emplace_back([this] { help(); });
            }
        } catch (...) {
            end();
            throw;
        }
    }
    ~shared_tree() override { end(); }

    typename Tree::workload::outcome run(contract::probe&) override {
        return Tree::outcome(fork(tree_.root()).get());
    }

private:
    using node = typename Tree::node;
    using result = boost::fibers::future<std::uint64_t>;

    result fork(node const& subtree) {
        return boost::fibers::async(boost::fibers::launch::post, std::allocator_arg,
                                    boost::fibers::fixedsize_stack(stack_bytes),
                                    [this, subtree] { return solve(subtree); });
    }

    std::uint64_t solve(node const& subtree) {
        if (tree_.is_leaf(subtree)) return tree_.solve(subtree);
        std::uint64_t sum = 0;
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<result, Tree::most_children - 1> results;
            unsigned forked = 0;
            kernel::for_each_child(
                tree_, subtree, phase,
                [&](node const& child, unsigned i) {
                    results[i] = fork(child);
                    forked = i + 1;
                },
                [&](node const& child) { sum += solve(child); });
            while (forked != 0) {
                sum += results[--forked].get();
            }
        }
        return sum;
    }

    /// The body of a helper: while its main fiber waits here, its thread runs shared fibers.
    void help() {
        boost::fibers::use_scheduling_algorithm<newest_first>(shared_);
        std::unique_lock lock(mutex_);
        ending_.wait(lock, [this] { return ended_; });
    }

    void end() {
        {
            std::unique_lock const lock(mutex_);
            ended_ = true;
        }
        ending_.notify_all();
        threads_.clear();
        boost::fibers::use_scheduling_algorithm<boost::fibers::algo::round_robin>();
    }

    Tree tree_;
    shared_fibers shared_;
    boost::fibers::mutex mutex_;
    boost::fibers::condition_variable ending_;
    bool ended_ = false;
    std::vector<std::jthread> threads_; ///< joined by `end`, before what they use is destroyed
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<shared_tree<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<shared_tree<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<shared_tree<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<shared_tree<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<shared_tree<kernel::sort_tree>>(params, around.limits);
}

} // namespace fiber
