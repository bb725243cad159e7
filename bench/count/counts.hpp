// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

/// What the counting library (preloaded) and the tracer of system calls (the parent) share with the
/// cell main that notes it.
namespace count {

/// Sums since the process began, its forked children's included.
struct snapshot {
    std::uint64_t allocations = 0;
    std::uint64_t bytes = 0;
    std::uint64_t system_calls = 0;
    bool traced = false; ///< a tracer counts system calls; else `system_calls` says nothing
};

/// One page, MAP_SHARED. Only sums are read, and only when who counts is known to have ended its
/// work or, of system calls, stands still in one: relaxed operations do.
struct page {
    std::atomic<std::uint64_t> allocations;
    std::atomic<std::uint64_t> bytes;
    std::atomic<std::uint64_t> system_calls;
    std::atomic<bool> traced;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// The environment variable by which the tracer names the descriptor of its page.
inline constexpr char const* page_variable = "SWITCHYARD_COUNT_PAGE";

} // namespace count

extern "C" {
/// In the preloaded library; found by name.
void switchyard_counts(count::snapshot* now);
}
