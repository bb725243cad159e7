// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>

namespace kernel {

/// A fork-join computation, told apart from who runs it: a node is solved alone (a leaf), or in
/// `phases` one after another, in each of which the children that `next` gives are independent. The
/// value of a node is the wrap-around sum of the values of its children. All members may be called
/// from many threads, or from children forked later: what nodes write lies in shared memory.
template <class T>
concept fork_join_tree = requires(T const& tree, typename T::node const& subtree, unsigned& cursor,
                                  typename T::node& child) {
    typename T::workload;
    { T::phases } -> std::convertible_to<unsigned>;
    { T::most_children } -> std::convertible_to<unsigned>;
    { tree.root() } -> std::convertible_to<typename T::node>;
    { tree.is_leaf(subtree) } -> std::same_as<bool>;
    /// The value of a node, without forking: right for every node, meant for leaves.
    { tree.solve(subtree) } -> std::same_as<std::uint64_t>;
    /// The next child of `at` in a phase; the cursor begins at 0. False: there is none.
    { tree.next(subtree, 0u, cursor, child) } -> std::same_as<bool>;
    { T::outcome(std::uint64_t()) } -> std::same_as<typename T::workload::outcome>;
};

/// Calls `fork(child, i)` for all children of a phase but the last, and `call(child)` for the last:
/// who forks has a free hand, and does one of them itself.
template <fork_join_tree Tree, class Fork, class Call>
void for_each_child(Tree const& tree, typename Tree::node const& subtree, unsigned phase,
                    Fork&& fork, Call&& call) {
    typename Tree::node child, after;
    unsigned cursor = 0;
    if (!tree.next(subtree, phase, cursor, child)) return;
    for (unsigned i = 0; tree.next(subtree, phase, cursor, after); ++i) {
        fork(child, i);
        child = after;
    }
    call(child);
}

/// The tree as a recursion, with the leaves where `grain` has them: all that a model adds to this
/// is its own cost.
template <fork_join_tree Tree>
[[nodiscard]] std::uint64_t recurse(Tree const& tree, typename Tree::node const& subtree) {
    if (tree.is_leaf(subtree)) return tree.solve(subtree);
    std::uint64_t sum = 0;
    for (unsigned phase = 0; phase < Tree::phases; ++phase) {
        typename Tree::node child;
        for (unsigned cursor = 0; tree.next(subtree, phase, cursor, child);) {
            sum += recurse(tree, child);
        }
    }
    return sum;
}

} // namespace kernel
