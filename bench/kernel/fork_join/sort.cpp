// SPDX-License-Identifier: MIT
#include "kernel/fork_join/sort.hpp"

#include <algorithm>
#include <utility>

namespace kernel {
namespace {

std::uint64_t checksum(std::span<std::uint64_t const> keys, std::uint64_t first) noexcept {
    std::uint64_t sum = 0;
    for (auto const key : keys) {
        sum += ++first * key;
    }
    return sum;
}

} // namespace

sort_tree::sort_tree(contract::sort::params const& params, std::uint64_t seed)
    : keys_(static_cast<std::uint32_t>(params.keys)),
      grain_(static_cast<std::uint32_t>(params.grain)),
      pages_(3 * std::size_t(keys_) * sizeof(std::uint64_t)),
      input_(pages_.as<std::uint64_t>(0, keys_)),
      buffer_{pages_.as<std::uint64_t>(input_.size_bytes(), keys_),
              pages_.as<std::uint64_t>(2 * input_.size_bytes(), keys_)} {
    for (std::uint64_t i = 0; i < keys_; ++i) {
        input_[i] = sort_key(seed, i);
    }
}

std::uint64_t sort_tree::solve(node const& subtree) const noexcept {
    auto const count = (subtree.middle - subtree.begin) + (subtree.other_end - subtree.other);
    auto const out =
        buffer_[subtree.into].subspan(subtree.merges ? subtree.out : subtree.begin, count);
    if (subtree.merges) {
        auto const* const from = buffer_[1 - subtree.into].data();
        std::merge(from + subtree.begin, from + subtree.middle, from + subtree.other,
                   from + subtree.other_end, out.begin());
    } else {
        std::ranges::copy(input_.subspan(subtree.begin, count), out.begin());
        std::ranges::sort(out);
    }
    return subtree.is_last ? checksum(out, subtree.merges ? subtree.out : subtree.begin) : 0;
}

bool sort_tree::next(node const& subtree, unsigned phase, unsigned& cursor,
                     node& child) const noexcept {
    auto const i = cursor++;
    auto const middle = subtree.begin + (subtree.middle - subtree.begin) / 2;
    auto const other_buffer = static_cast<std::uint8_t>(1 - subtree.into);
    if (subtree.merges) {
        if (phase == 1 || i == 2) return false;
        divide_merge(subtree, i, child);
    } else if (phase == 0) {
        if (i == 2) return false;
        child = i == 0 ? node{subtree.begin, middle, 0, 0, 0, other_buffer, false, false}
                       : node{middle, subtree.middle, 0, 0, 0, other_buffer, false, false};
    } else {
        if (i == 1) return false;
        child = {subtree.begin, middle,       middle, subtree.middle,
                 subtree.begin, subtree.into, true,   subtree.is_last};
    }
    return true;
}

/// Keys below the median of the longer run go to the first half, the others to the second.
void sort_tree::divide_merge(node const& subtree, unsigned half, node& child) const noexcept {
    auto const* const from = buffer_[1 - subtree.into].data();
    auto longer = std::pair(subtree.begin, subtree.middle);
    auto shorter = std::pair(subtree.other, subtree.other_end);
    if (longer.second - longer.first < shorter.second - shorter.first) std::swap(longer, shorter);
    auto const cut = longer.first + (longer.second - longer.first) / 2;
    auto const other_cut = static_cast<std::uint32_t>(
        std::lower_bound(from + shorter.first, from + shorter.second, from[cut]) - from);
    child = subtree;
    if (half == 0) {
        child.begin = longer.first, child.middle = cut;
        child.other = shorter.first, child.other_end = other_cut;
    } else {
        child.begin = cut, child.middle = longer.second;
        child.other = other_cut, child.other_end = shorter.second;
        child.out = subtree.out + (cut - longer.first) + (other_cut - shorter.first);
    }
}

} // namespace kernel
