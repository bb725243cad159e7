// SPDX-License-Identifier: MIT
#include "siding/detail/ready_queue.hpp"

#include <algorithm>
#include <new>

namespace siding::detail {

void ready_queue::grow() {
    if (is_shut_) throw std::bad_alloc();
    find_room();
    if (tail_ != room_end_) return;
    auto const larger = std::max(distance(64), bytes() * 2);
    auto const mask = larger - distance(1);
    auto items = std::make_unique<ready_item[]>(larger / distance(1));
    // Positions in the line stay what they are: the loop remembers where its turn ends.
    for (auto position = head_; position != tail_; position += distance(1)) {
        items[(position & mask) / distance(1)] = slot(position);
    }
    items_ = std::move(items);
    mask_ = mask;
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
