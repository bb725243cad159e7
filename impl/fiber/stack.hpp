// SPDX-License-Identifier: MIT
#pragma once

#include <boost/fiber/pooled_fixedsize_stack.hpp>
#include <cstddef>

namespace fiber {

/// Room for a fiber that calls into libc, for the 5.8 KiB that Boost 1.74 needs to end one, and for
/// a signal frame (3.5 KiB with AVX-512) on top. Only the pages that are touched cost memory: two
/// at the top, and the one at the bottom where the pool keeps its list.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::size_t small_stack_bytes = 64 * 1024; // redzones
#else
inline constexpr std::size_t small_stack_bytes = 16 * 1024;
#endif

/// Stacks of `bytes` cut from ever larger blocks. Not `protected_fixedsize_stack`: a guard page is
/// a mapping of its own, and vm.max_map_count (65,530 by default) ends that below 33,000 fibers. Of
/// one thread: the pool has no lock.
inline boost::fibers::pooled_fixedsize_stack pooled_stacks(std::size_t bytes) {
    return boost::fibers::pooled_fixedsize_stack(bytes);
}

} // namespace fiber
