// SPDX-License-Identifier: MIT
#include "siding/detail/ready_queue.hpp"

#include <algorithm>

namespace siding::detail {

void ready_queue::grow() {
    auto const larger = std::max<std::size_t>(64, (mask_ + 1) * 2);
    auto items = std::make_unique<ready_item[]>(larger);
    auto const count = size();
    // Positions in the line stay what they are: the loop remembers where its turn ends.
    for (std::size_t i = 0; i < count; ++i) {
        items[(head_ + i) & (larger - 1)] = items_[(head_ + i) & mask_];
    }
    items_ = std::move(items);
    mask_ = larger - 1;
}

} // namespace siding::detail
