// SPDX-License-Identifier: MIT
// A fork for each subtree as long as fewer than `workers` processes work; the node does the last
// child itself, and each child for which no process is free. Its value comes back in a slot of
// shared memory, its end by waitpid. At the grain nothing forks: above it even a tiny subtree does.
#include "cells.hpp"
#include "child.hpp"
#include "kernel/fork_join/all.hpp"
#include "shared_memory.hpp"

#include <array>
#include <atomic>
#include <optional>

namespace process {
namespace {

template <kernel::fork_join_tree Tree>
class fork_per_subtree final : public contract::session<typename Tree::workload> {
public:
    fork_per_subtree(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), slots_(limits.workers) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        slots_[0].value.is_taken = true; // the caller is one of the workers
        return Tree::outcome(solve(tree_.root()));
    }

private:
    using node = typename Tree::node;

    struct slot {
        std::atomic<bool> is_taken;
        std::uint64_t value; ///< of the subtree; read after its process has been reaped
    };

    /// A subtree in a process of its own, and the slot that it took.
    struct forked {
        child process;
        slot& result;
    };

    slot* take_slot() const noexcept {
        for (auto& [each] : slots_.all()) {
            // Relaxed: fork and waitpid order the values, this only counts processes.
            if (!each.is_taken.load(std::memory_order_relaxed) &&
                !each.is_taken.exchange(true, std::memory_order_relaxed)) {
                return &each;
            }
        }
        return nullptr;
    }

    std::uint64_t solve(node const& subtree) const {
        if (tree_.is_leaf(subtree)) return tree_.solve(subtree);
        std::uint64_t sum = 0;
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            std::array<std::optional<forked>, Tree::most_children - 1> children;
            kernel::for_each_child(
                tree_, subtree, phase,
                [&](node const& child, unsigned i) {
                    if (auto* const mine = take_slot()) {
                        children[i].emplace(process::child([&] { mine->value = solve(child); }),
                                            *mine);
                    } else {
                        sum += solve(child);
                    }
                },
                [&](node const& child) { sum += solve(child); });
            for (auto& child : children) {
                if (!child) continue;
                child->process.join();
                sum += child->result.value;
                child->result.is_taken.store(false, std::memory_order_relaxed);
            }
        }
        return sum;
    }

    Tree tree_;
    shared_array<own_line<slot>> slots_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<fork_per_subtree<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<fork_per_subtree<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<fork_per_subtree<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<fork_per_subtree<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<fork_per_subtree<kernel::sort_tree>>(params, around.limits);
}

} // namespace process
