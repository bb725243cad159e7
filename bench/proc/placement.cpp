// SPDX-License-Identifier: MIT
#include "proc/placement.hpp"

#include <cstdlib>
#include <cstring>

namespace proc {
namespace {

// Reachable, so that no leak detector complains; volatile, or the compiler would see that nobody
// reads it and leave the block out.
void* volatile kept = nullptr;

} // namespace

void move_heap(std::size_t bytes) {
    // Less than malloc's least chunk would still cost that chunk: no padding is no block.
    if (bytes != 0) kept = std::malloc(bytes);
}

std::size_t padding_bytes() noexcept {
    auto const* const padding = std::getenv("SWITCHYARD_PADDING");
    return padding == nullptr ? 0 : std::strlen(padding);
}

} // namespace proc
