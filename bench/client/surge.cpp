// SPDX-License-Identifier: MIT
#include "client/surge.hpp"

#include <algorithm>
#include <deque>
#include <span>
#include <vector>

namespace client {
namespace {

constexpr double share_within = 0.95;
constexpr double quantile = 0.99;
constexpr std::size_t least_messages = 20;

struct message {
    std::uint64_t due_ns;
    std::uint64_t latency_ns;
};

std::vector<message> in_order_of_arrival(measured const& seen) {
    std::vector<message> all;
    all.reserve(seen.reply_ns.size());
    for (std::size_t i = 0; i < seen.reply_ns.size(); ++i) {
        all.push_back({seen.due_ns[i], seen.reply_ns[i]});
    }
    std::sort(all.begin(), all.end(),
              [](auto const& a, auto const& b) { return a.due_ns < b.due_ns; });
    return all;
}

std::uint64_t p99_of(std::span<message const> messages) {
    std::vector<std::uint64_t> latencies;
    for (auto const& each : messages) {
        latencies.push_back(each.latency_ns);
    }
    auto const rank = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(latencies.size()));
    std::nth_element(latencies.begin(), latencies.begin() + rank, latencies.end());
    return latencies[static_cast<std::size_t>(rank)];
}

/// The first of `after` from which on latency is normal.
std::optional<std::uint64_t> normal_from(std::span<message const> after, std::size_t window,
                                         std::uint64_t normal_ns) {
    auto const needed = share_within * static_cast<double>(window);
    std::size_t within = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        within += after[i].latency_ns <= normal_ns ? 1 : 0;
        if (i + 1 < window) continue;
        auto const& first = after[i + 1 - window];
        if (first.latency_ns <= normal_ns) {
            if (static_cast<double>(within) >= needed) return first.due_ns;
            --within;
        }
    }
    return std::nullopt;
}

} // namespace

surge_seen surge_of(load const& asked, measured const& seen) {
    auto const all = in_order_of_arrival(seen);
    auto const third = all.size() / 3;
    if (asked.messages != all.size() || third < least_messages) return {};
    std::span const before(all.data(), third);
    std::span const during(all.data() + third, third);
    std::span const after(all.data() + 2 * third, all.size() - 2 * third);
    auto const began_ns = during.front().due_ns;
    auto const ended_ns = during.back().due_ns;
    auto const replied = std::count_if(all.begin(), all.end(), [&](auto const& each) {
        auto const at_ns = each.due_ns + each.latency_ns;
        return at_ns >= began_ns && at_ns < ended_ns;
    });
    surge_seen found;
    found.normal_p99_ns = p99_of(before);
    found.goodput_per_s = static_cast<double>(replied) * 1e9 /
                          static_cast<double>(std::max<std::uint64_t>(1, ended_ns - began_ns));
    auto const window = std::max(least_messages, third / 20);
    if (auto const from = normal_from(after, window, found.normal_p99_ns)) {
        found.recovery_ns = *from - ended_ns;
    }
    return found;
}

} // namespace client
