// SPDX-License-Identifier: MIT
// The fork-join oracles against published numbers and against the trees that the models walk.
#include "kernel/fork_join/all.hpp"
#include "oracle/all.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace {

using namespace contract;
using oracle::rules_for;

constexpr std::uint64_t seed = 42;

template <class W>
auto expected(typename W::params const& params) {
    return rules_for<W>().expected(params, seed);
}

template <class Tree>
std::uint64_t nodes_of(Tree const& tree, typename Tree::node const& subtree,
                       std::uint64_t& leaves) {
    if (tree.is_leaf(subtree)) return ++leaves, 1;
    std::uint64_t nodes = 1;
    for (unsigned phase = 0; phase < Tree::phases; ++phase) {
        typename Tree::node child;
        unsigned children = 0;
        for (unsigned cursor = 0; tree.next(subtree, phase, cursor, child); ++children) {
            nodes += nodes_of(tree, child, leaves);
        }
        EXPECT_LE(children, Tree::most_children);
    }
    return nodes;
}

/// The tree walked as the models walk it gives what the oracle expects; so does the root alone.
template <class Tree>
void expect_agreement(typename Tree::workload::params const& params) {
    using W = typename Tree::workload;
    static_assert(kernel::fork_join_tree<Tree>);
    Tree const tree(params, seed);
    auto const right = expected<W>(params);
    auto const judged = [&](std::uint64_t value) {
        return rules_for<W>().check(params, seed, right, Tree::outcome(value), {});
    };
    EXPECT_EQ(judged(kernel::recurse(tree, tree.root())), "");
    EXPECT_EQ(judged(tree.solve(tree.root())), "");
    EXPECT_NE(judged(kernel::recurse(tree, tree.root()) + 1), "");
}

TEST(fork_join, trees_agree_with_the_oracles_at_every_smoke_point) {
    for (auto const& params : rules_for<fib>().points(oracle::preset::smoke)) {
        expect_agreement<kernel::fib_tree>(params);
    }
    for (auto const& params : rules_for<nqueens>().points(oracle::preset::smoke)) {
        expect_agreement<kernel::nqueens_tree>(params);
    }
    for (auto const& params : rules_for<skynet>().points(oracle::preset::smoke)) {
        expect_agreement<kernel::skynet_tree>(params);
    }
    for (auto const& params : rules_for<matmul>().points(oracle::preset::smoke)) {
        expect_agreement<kernel::matmul_tree>(params);
    }
    for (auto const& params : rules_for<contract::sort>().points(oracle::preset::smoke)) {
        expect_agreement<kernel::sort_tree>(params);
    }
}

TEST(fork_join, units_are_the_tasks_of_the_tree) {
    auto const nodes = []<class Tree>(std::type_identity<Tree>, auto const& params) {
        std::uint64_t leaves = 0;
        Tree const tree(params, seed);
        return nodes_of(tree, tree.root(), leaves);
    };
    for (std::uint64_t n = 0; n < 15; ++n) {
        for (std::uint64_t grain = 2; grain < 17; ++grain) {
            fib::params const params{.n = n, .grain = grain};
            EXPECT_EQ(rules_for<fib>().units(params),
                      nodes(std::type_identity<kernel::fib_tree>(), params))
                << n << ' ' << grain;
        }
    }
    for (std::uint64_t grain = 0; grain < 8; ++grain) {
        nqueens::params const params{.queens = 7, .grain = grain};
        EXPECT_EQ(rules_for<nqueens>().units(params),
                  nodes(std::type_identity<kernel::nqueens_tree>(), params));
    }
    for (auto const leaves : std::vector<std::uint64_t>{1, 2, 9, 10, 11, 100, 101, 999}) {
        for (auto const grain : std::vector<std::uint64_t>{1, 2, 7, 1'000}) {
            skynet::params const params{.leaves = leaves, .fan_out = 10, .grain = grain};
            EXPECT_EQ(rules_for<skynet>().units(params),
                      nodes(std::type_identity<kernel::skynet_tree>(), params))
                << leaves << ' ' << grain;
        }
    }
    matmul::params const params{.edge = 24, .grain = 6};
    std::uint64_t leaves = 0;
    kernel::matmul_tree const tree(params, seed);
    nodes_of(tree, tree.root(), leaves);
    EXPECT_EQ(rules_for<matmul>().units(params), leaves);
}

TEST(fib, agrees_with_known_numbers) {
    EXPECT_EQ(expected<fib>({.n = 0}).value, 0u);
    EXPECT_EQ(expected<fib>({.n = 1}).value, 1u);
    EXPECT_EQ(expected<fib>({.n = 36}).value, 14'930'352u);
    EXPECT_EQ(expected<fib>({.n = 50}).value, 12'586'269'025u);
}

TEST(nqueens, agrees_with_known_numbers) {
    std::uint64_t const known[] = {1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724};
    for (std::uint64_t queens = 1; queens < std::size(known); ++queens) {
        EXPECT_EQ(expected<nqueens>({.queens = queens}).solutions, known[queens]) << queens;
    }
}

TEST(matmul, agrees_with_a_product_by_hand) {
    std::uint64_t checksum = 0;
    for (std::uint64_t row = 0; row < 3; ++row) {
        for (std::uint64_t column = 0; column < 3; ++column) {
            double element = 0;
            for (std::uint64_t between = 0; between < 3; ++between) {
                element += kernel::factor_element(seed, 0, row, between) *
                           kernel::factor_element(seed, 1, between, column);
            }
            checksum += kernel::product_weight(0, row) * kernel::product_weight(1, column) *
                        static_cast<std::uint64_t>(element);
        }
    }
    EXPECT_EQ(expected<matmul>({.edge = 3, .grain = 3}).checksum, checksum);
}

TEST(matmul, refuses_edges_that_do_not_divide) {
    EXPECT_EQ(rules_for<matmul>().refuse({.edge = 96, .grain = 12}), "");
    EXPECT_NE(rules_for<matmul>().refuse({.edge = 96, .grain = 10}), "");
    EXPECT_NE(rules_for<matmul>().refuse({.edge = 100, .grain = 64}), "");
}

TEST(sort, tells_keys_in_order_from_the_same_keys_out_of_order) {
    contract::sort::params const params{.keys = 3, .grain = 2};
    std::vector<std::uint64_t> keys{kernel::sort_key(seed, 0), kernel::sort_key(seed, 1),
                                    kernel::sort_key(seed, 2)};
    auto const checksum = [&] { return keys[0] + 2 * keys[1] + 3 * keys[2]; };
    std::ranges::sort(keys);
    EXPECT_EQ(expected<contract::sort>(params).checksum, checksum());
    std::swap(keys[0], keys[1]);
    EXPECT_NE(expected<contract::sort>(params).checksum, checksum());
}

TEST(sort, merges_runs_of_every_length) {
    // A tree over few leaves, at every grain, so that medians and ends fall everywhere.
    for (std::uint64_t keys = 1; keys < 40; ++keys) {
        for (std::uint64_t grain = 2; grain < 12; ++grain) {
            expect_agreement<kernel::sort_tree>({.keys = keys, .grain = grain});
        }
    }
}

} // namespace
