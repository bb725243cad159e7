// SPDX-License-Identifier: MIT
#include "contract/workloads/nqueens.hpp"
#include "oracle/rules.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <mutex>

namespace oracle {
namespace {

using contract::nqueens;

/// Boards with 0, 1, ... rows filled so that no queen attacks another: columns and diagonals as
/// bits, unlike the models' boards.
struct board_counter {
    unsigned queens;
    std::array<std::uint64_t, 17> boards{};

    void count(unsigned row, unsigned columns, unsigned left, unsigned right) {
        ++boards[row];
        if (row == queens) return;
        for (auto free = ~(columns | left | right) & ((1u << queens) - 1); free != 0;
             free &= free - 1) {
            auto const queen = free & -free;
            count(row + 1, columns | queen, (left | queen) << 1, (right | queen) >> 1);
        }
    }
};

/// Counted once a process, for it may take seconds.
std::array<std::uint64_t, 17> const& boards(std::uint64_t queens) {
    static std::mutex mutex;
    static std::map<std::uint64_t, std::array<std::uint64_t, 17>> known;
    std::lock_guard const lock(mutex);
    auto const [entry, is_new] = known.try_emplace(queens);
    if (is_new) {
        board_counter counter{static_cast<unsigned>(queens)};
        counter.count(0, 0, 0, 0);
        entry->second = counter.boards;
    }
    return entry->second;
}

struct nqueens_rules final : rules<nqueens> {
    std::vector<params> points(preset which) const override {
        switch (which) {
        case preset::smoke:
            return {
                {.queens = 6, .grain = 0}, {.queens = 8, .grain = 4}, {.queens = 4, .grain = 16}};
        case preset::quick:
            return {{.queens = 10, .grain = 0}, {.queens = 12, .grain = 8}};
        case preset::full:
            return {{.queens = 12, .grain = 0}, {.queens = 12, .grain = 2},
                    {.queens = 12, .grain = 4}, {.queens = 12, .grain = 6},
                    {.queens = 12, .grain = 8}, {.queens = 12, .grain = 10},
                    {.queens = 14, .grain = 9}};
        }
        return {};
    }
    std::string_view unit() const override { return "task"; }
    std::uint64_t units(params const& p) const override {
        std::uint64_t tasks = 0;
        for (std::uint64_t row = 0; row <= p.queens - std::min(p.grain, p.queens); ++row) {
            tasks += boards(p.queens)[row];
        }
        return tasks;
    }

    nqueens::outcome expected(params const& p, std::uint64_t) const override {
        return {boards(p.queens)[p.queens]};
    }

    std::string check(params const&, std::uint64_t, nqueens::outcome const& right,
                      nqueens::outcome const& outcome, evidence const&) const override {
        if (outcome == right) return {};
        return fmt::format("solutions {}, not {}", outcome.solutions, right.solutions);
    }
};

} // namespace

rules<nqueens> const& rules_of(std::type_identity<nqueens>) {
    static nqueens_rules const rules;
    return rules;
}

} // namespace oracle
