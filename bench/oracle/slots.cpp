// SPDX-License-Identifier: MIT
#include "oracle/slots.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

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

std::string check_all_at_once(std::span<contract::latency_slot const> slots) {
    std::uint64_t last_begin = 0;
    auto first_end = std::numeric_limits<std::uint64_t>::max();
    for (auto const& slot : slots) {
        last_begin = std::max(last_begin, slot.begin_ns);
        first_end = std::min(first_end, slot.end_ns);
    }
    if (last_begin <= first_end) return {};
    return fmt::format("never were all {} in progress at once: the last began {} ns after the "
                       "first had ended",
                       slots.size(), last_begin - first_end);
}

} // namespace oracle
