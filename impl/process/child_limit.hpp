// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace process {

/// A fork takes 0.1 to 0.3 ms and a child 40 KiB of its own and more in the kernel: beyond
/// this the cell would measure the start of processes for seconds.
inline constexpr std::uint64_t most_children = 4'096;

/// Throws contract::declined_error if `count` is beyond `most_children` or beyond what this
/// machine lets this process start, naming the limit.
void require_children(std::uint64_t count, std::string_view per_what);

} // namespace process
