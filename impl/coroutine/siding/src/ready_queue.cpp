// SPDX-License-Identifier: MIT
#include "siding/detail/ready_queue.hpp"

#include <algorithm>
#include <new>

namespace siding::detail {

void ready_queue::grow() {
    if (is_shut_) throw std::bad_alloc();
    find_room();
    if (tail_ != room_end_) return;
    auto const larger = std::max<std::size_t>(64, (mask_ + 1) * 2);
    auto items = std::make_unique<ready_item[]>(larger);
    auto const count = size();
    // Positions in the line stay what they are: the loop remembers where its turn ends.
    for (std::size_t i = 0; i < count; ++i) {
        items[(head_ + i) & (larger - 1)] = items_[(head_ + i) & mask_];
    }
    items_ = std::move(items);
    mask_ = larger - 1;
    find_room();
}

bool ready_queue::try_grow() noexcept {
    if (is_shut_) return false;
    try {
        grow();
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }
}

} // namespace siding::detail
