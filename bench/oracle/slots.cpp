// SPDX-License-Identifier: MIT
#include "oracle/slots.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

namespace oracle {

std::string check_durations(std::span<contract::latency_slot const> slots,
                            std::function<std::uint64_t(std::uint64_t)> const& least_ns) {
    for (std::uint64_t i = 0; i < slots.size(); ++i) {
        auto const [begin, end] = slots[i];
        if (begin == 0) return fmt::format("operation {} was never begun", i);
        if (end == 0) return fmt::format("operation {} was begun and never ended", i);
        if (end < begin) return fmt::format("operation {} ended before it began", i);
        if (auto const least = least_ns(i); end - begin < least) {
            return fmt::format("operation {} took {} ns and cannot take less than {} ns", i,
                               end - begin, least);
        }
    }
    return {};
}

namespace {

std::uint64_t most_at_once(std::span<contract::latency_slot const> slots) {
    std::vector<std::pair<std::uint64_t, int>> changes;
    changes.reserve(2 * slots.size());
    for (auto const& slot : slots) {
        changes.emplace_back(slot.begin_ns, +1);
        changes.emplace_back(slot.end_ns, -1);
    }
    // An end sorts before a begin of the same moment: what only touches does not overlap.
    std::sort(changes.begin(), changes.end());
    std::int64_t in_progress = 0;
    std::int64_t most = 0;
    for (auto const& [when, change] : changes) {
        in_progress += change;
        most = std::max(most, in_progress);
    }
    return static_cast<std::uint64_t>(most);
}

} // namespace

std::string check_at_once(std::span<contract::latency_slot const> slots, std::uint64_t least) {
    auto const most = most_at_once(slots);
    if (most >= least) return {};
    return fmt::format("at most {} of {} were in progress at once", most, slots.size());
}

std::string check_at_most(std::span<contract::latency_slot const> slots, std::uint64_t most) {
    auto const seen = most_at_once(slots);
    if (seen <= most) return {};
    return fmt::format("{} were in progress at once; {} are allowed", seen, most);
}

} // namespace oracle
