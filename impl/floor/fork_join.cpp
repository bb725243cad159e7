// SPDX-License-Identifier: MIT
// No tasks: the caller cuts the top of the tree into waves of independent subtrees, at least 16 a
// worker. `workers` raw threads, the caller one of them, draw subtrees from a counter and solve
// each alone by the kernel, whatever the grain; between two waves they meet.
#include "cells.hpp"
#include "kernel/fork_join/all.hpp"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace floor_model {
namespace {

template <kernel::fork_join_tree Tree>
class drawn_waves final : public contract::session<typename Tree::workload> {
public:
    drawn_waves(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), helpers_(limits.workers - 1) {
        // One level deeper until there is enough to draw, or nothing left to cut.
        for (nodes wave{tree_.root()}; wave.size() < limits.workers * 16ull; ++depth_) {
            auto below = children(wave, 0);
            if (below.size() <= wave.size()) break;
            wave = std::move(below);
        }
        try {
            for (unsigned helper = 0; helper < helpers_; ++helper) {
                threads_.emplace_back([this] { help(); });
            }
        } catch (...) {
            end_helpers(); // those that were made, or joining them would take for ever
            throw;
        }
    }
    ~drawn_waves() override { end_helpers(); }

    typename Tree::workload::outcome run(contract::probe&) override {
        sum_ = 0;
        solve_below({tree_.root()}, depth_);
        return Tree::outcome(sum_);
    }

private:
    using nodes = std::vector<typename Tree::node>;

    /// The children in a phase of all nodes of a wave; a leaf is its own child in the first.
    [[nodiscard]] nodes children(nodes const& wave, unsigned phase) const {
        nodes below;
        for (auto const& subtree : wave) {
            if (tree_.is_leaf(subtree)) {
                if (phase == 0) below.push_back(subtree);
                continue;
            }
            typename Tree::node child;
            for (unsigned cursor = 0; tree_.next(subtree, phase, cursor, child);) {
                below.push_back(child);
            }
        }
        return below;
    }

    /// A phase is cut when the one before it is done: where a merge divides depends on the keys.
    void solve_below(nodes const& wave, unsigned depth) {
        if (depth == 0) return draw(wave);
        for (unsigned phase = 0; phase < Tree::phases; ++phase) {
            if (auto const below = children(wave, phase); !below.empty()) {
                solve_below(below, depth - 1);
            }
        }
    }

    void draw(nodes const& wave) {
        wave_ = &wave;
        next_ = 0;
        idle_ = 0;
        // Sequentially consistent, like every atomic here: who sees the new round sees its wave.
        ++round_;
        round_.notify_all();
        work();
        for (auto idle = idle_.load(); idle != helpers_; idle = idle_.load()) {
            idle_.wait(idle);
        }
    }

    void end_helpers() {
        ended_ = true;
        ++round_;
        round_.notify_all();
    }

    void help() {
        for (std::uint32_t seen = 0;;) {
            round_.wait(seen);
            ++seen;
            if (ended_) return;
            work();
            if (++idle_ == helpers_) idle_.notify_one();
        }
    }

    void work() {
        std::uint64_t sum = 0;
        auto const& wave = *wave_;
        for (auto i = next_++; i < wave.size(); i = next_++) {
            sum += tree_.solve(wave[i]);
        }
        sum_ += sum;
    }

    Tree tree_;
    std::uint32_t helpers_;
    unsigned depth_ = 0; ///< of the subtrees that are drawn
    nodes const* wave_ = nullptr;
    alignas(64) std::atomic<std::uint64_t> next_ = 0;
    alignas(64) std::atomic<std::uint32_t> round_ = 0;
    std::atomic<std::uint32_t> idle_ = 0;
    std::atomic<std::uint64_t> sum_ = 0;
    std::atomic<bool> ended_ = false;
    std::vector<std::jthread> threads_; ///< last: joined before anything they use is destroyed
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<drawn_waves<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<drawn_waves<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<drawn_waves<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<drawn_waves<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<drawn_waves<kernel::sort_tree>>(params, around.limits);
}

} // namespace floor_model
