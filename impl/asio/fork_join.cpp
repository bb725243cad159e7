// SPDX-License-Identifier: MIT
// asio::thread_pool with `workers` threads; each child but the last is posted as a handler, the
// last is done by the node itself. There is no join: the child that ends last begins the next phase
// of the node above it, or reports for it one node further up. The caller waits for the root.

#include "cells.hpp"
#include "kernel/fork_join/all.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <future>
#include <memory>

namespace asio_model {
namespace {

namespace asio = boost::asio;

template <kernel::fork_join_tree Tree>
class posted_tree final : public contract::session<typename Tree::workload> {
public:
    posted_tree(typename Tree::workload::params const& params, contract::budget const& limits)
        : tree_(params, limits.seed), pool_(limits.workers) {}

    typename Tree::workload::outcome run(contract::probe&) override {
        done_ = {};
        auto result = done_.get_future();
        asio::post(pool_, [this] { start(tree_.root(), nullptr); });
        return Tree::outcome(result.get());
    }

private:
    using node = typename Tree::node;

    /// A node whose children are on their way; gone when the last of them has reported.
    struct inner {
        inner(node const& n, inner* a) : subtree(n), above(a) {}
        node subtree;
        inner* above;
        unsigned phase = 0; ///< the next
        std::atomic<unsigned> children = 0;
        std::atomic<std::uint64_t> sum = 0;
    };

    void start(node const& subtree, inner* above) {
        if (tree_.is_leaf(subtree)) {
            report(tree_.solve(subtree), above);
        } else {
            begin_phase(new inner(subtree, above));
        }
    }

    void begin_phase(inner* parent) {
        std::array<node, Tree::most_children> children;
        unsigned count = 0;
        while (count == 0) {
            if (parent->phase == Tree::phases) return end(parent);
            for (unsigned cursor = 0;
                 tree_.next(parent->subtree, parent->phase, cursor, children[count]);) {
                if (++count == children.size()) break;
            }
            ++parent->phase;
        }
        // relaxed: posting publishes it.
        parent->children.store(count, std::memory_order_relaxed);
        for (unsigned i = 0; i + 1 < count; ++i) {
            asio::post(pool_, [this, parent, child = children[i]] { start(child, parent); });
        }
        start(children[count - 1], parent);
    }

    void report(std::uint64_t value, inner* to) {
        if (to == nullptr) return done_.set_value(value);
        to->sum.fetch_add(value, std::memory_order_relaxed);
        // Release and acquire: the last sees all that the others did.
        if (to->children.fetch_sub(1, std::memory_order_acq_rel) == 1) begin_phase(to);
    }

    void end(inner* parent) {
        std::unique_ptr<inner> const ended(parent);
        report(parent->sum.load(std::memory_order_relaxed), parent->above);
    }

    Tree tree_;
    std::promise<std::uint64_t> done_;
    asio::thread_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<contract::fib>>
make_fib(contract::fib::params const& params, contract::fib::environment const& around) {
    return std::make_unique<posted_tree<kernel::fib_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::matmul>>
make_matmul(contract::matmul::params const& params, contract::matmul::environment const& around) {
    return std::make_unique<posted_tree<kernel::matmul_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::nqueens>>
make_nqueens(contract::nqueens::params const& params,
             contract::nqueens::environment const& around) {
    return std::make_unique<posted_tree<kernel::nqueens_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::skynet>>
make_skynet(contract::skynet::params const& params, contract::skynet::environment const& around) {
    return std::make_unique<posted_tree<kernel::skynet_tree>>(params, around.limits);
}

std::unique_ptr<contract::session<contract::sort>>
make_sort(contract::sort::params const& params, contract::sort::environment const& around) {
    return std::make_unique<posted_tree<kernel::sort_tree>>(params, around.limits);
}

} // namespace asio_model
