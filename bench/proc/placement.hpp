// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace proc {

/// The runner makes the environment longer by a random number of bytes, which moves the stack. This
/// moves the heap by as many: the block goes to its beginning and stays for good, so that what is
/// allocated later lies elsewhere within its pages and cache sets, in every process anew. Call it
/// once, before anything else allocates. Address space randomisation alone moves whole pages.
void move_heap(std::size_t bytes);

/// The length of SWITCHYARD_PADDING; 0 without it.
[[nodiscard]] std::size_t padding_bytes() noexcept;

} // namespace proc
