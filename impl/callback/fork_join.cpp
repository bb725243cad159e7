// SPDX-License-Identifier: MIT
// The loop walks the tree and uv_queue_work hands each leaf to libuv's pool of `workers` threads;
// the callback on the loop adds its value to the node above, and a node whose children are done
// begins its next phase or reports to the node above it. Depth first, a bounded number queued.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/fork_join/all.hpp"
#include "thread_pool_size.hpp"

#include <exception>
#include <memory>
#include <vector>

namespace callback {
namespace {

/// Enough that no thread of the pool waits for the loop, however late the loop is.
constexpr std::size_t queued_per_worker = 16;

template <kernel::fork_join_tree Tree>
class queued_leaves final : public contract::session<typename Tree::workload> {
public:
    queued_leaves(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), leaves_(limits.workers * queued_per_worker) {
        size_thread_pool(limits.workers);
        for (auto& each : leaves_) {
            each.work.data = &each;
            each.owner = this;
            free_.push_back(&each);
        }
        // The first piece of work starts all threads of the pool.
        checked(::uv_queue_work(
                    loop_.get(), &leaves_[0].work, [](uv_work_t*) {}, nullptr),
                "uv_queue_work");
        loop_.run();
    }

    typename Tree::workload::outcome run(contract::probe&) override {
        sum_ = 0;
        to_start_.push_back({tree_.root(), nullptr});
        start_what_fits();
        loop_.run();
        return Tree::outcome(sum_);
    }

private:
    using node = typename Tree::node;

    /// A node whose children are on their way.
    struct inner {
        node subtree;
        inner* above;
        unsigned phase;    ///< the next
        unsigned children; ///< of the phase before it, not done
    };
    struct started {
        node subtree;
        inner* above;
    };
    struct leaf {
        uv_work_t work; ///< `data` points to this leaf
        queued_leaves* owner;
        started of;
        std::uint64_t value;
        std::exception_ptr failure;
    };

    void start_what_fits() {
        while (!to_start_.empty() && !free_.empty()) {
            auto const next = to_start_.back();
            to_start_.pop_back();
            if (tree_.is_leaf(next.subtree)) {
                queue(next);
            } else {
                begin_phase(new inner{next.subtree, next.above, 0, 0});
            }
        }
    }

    void queue(started const& of) {
        auto& mine = *free_.back();
        free_.pop_back();
        mine.of = of;
        checked(::uv_queue_work(loop_.get(), &mine.work, &solve, &solved), "uv_queue_work");
    }

    void begin_phase(inner* parent) {
        while (parent != nullptr && parent->children == 0) {
            if (parent->phase == Tree::phases) {
                auto const done = std::unique_ptr<inner>(parent);
                parent = parent->above;
                if (parent != nullptr) --parent->children;
                continue;
            }
            node child;
            for (unsigned cursor = 0; tree_.next(parent->subtree, parent->phase, cursor, child);) {
                to_start_.push_back({child, parent});
                ++parent->children;
            }
            ++parent->phase;
        }
    }

    /// On a thread of the pool.
    static void solve(uv_work_t* work) {
        auto& mine = *static_cast<leaf*>(work->data);
        try {
            mine.value = mine.owner->tree_.solve(mine.of.subtree);
        } catch (...) {
            mine.failure = std::current_exception();
        }
    }

    /// On the loop.
    static void solved(uv_work_t* work, int) {
        auto& mine = *static_cast<leaf*>(work->data);
        auto& self = *mine.owner;
        if (mine.failure) return self.loop_.fail(mine.failure);
        self.sum_ += mine.value;
        self.free_.push_back(&mine);
        if (auto* const above = mine.of.above) {
            --above->children;
            self.begin_phase(above);
        }
        self.start_what_fits();
    }

    Tree tree_;
    std::uint64_t sum_ = 0;
    std::vector<leaf> leaves_;
    std::vector<leaf*> free_;
    std::vector<started> to_start_; ///< newest last, so that the tree is walked depth first
    event_loop loop_; ///< last: its destructor waits for the work that is still queued
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<queued_leaves<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<queued_leaves<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<queued_leaves<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<queued_leaves<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<queued_leaves<kernel::sort_tree>>(params, around.limits);
}

} // namespace callback
