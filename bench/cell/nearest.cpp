// SPDX-License-Identifier: MIT
#include "cell/nearest.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <utility>

namespace cell {
namespace {

/// Levenshtein's distance, row by row.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto const substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row.back();
}

} // namespace

std::string nearest(std::string_view word, std::vector<std::string> const& valid) {
    std::vector<std::string> near;
    for (auto const& name : valid) {
        auto const begins = !word.empty() && name.starts_with(word);
        if (begins || distance(word, name) <= std::max<std::size_t>(2, word.size() / 3)) {
            near.push_back(name);
        }
    }
    std::sort(near.begin(), near.end(), [&](auto const& a, auto const& b) {
        return std::pair(distance(word, a), a) < std::pair(distance(word, b), b);
    });
    if (near.size() > 3) near.resize(3);
    if (!near.empty()) return fmt::format("did you mean {}?", fmt::join(near, ", "));
    if (valid.empty()) return "there is none";
    return fmt::format("known: {}", fmt::join(valid, ", "));
}

} // namespace cell
