// SPDX-License-Identifier: MIT
#include "coro/detail/ready_queue.hpp"

#include <algorithm>

namespace coro::detail {

void ready_queue::grow() {
    auto const larger = std::max<std::size_t>(64, capacity_ * 2);
    auto items = std::make_unique<ready_item[]>(larger);
    auto const count = size();
    for (std::size_t i = 0; i < count; ++i) {
        items[i] = items_[(head_ + i) & (capacity_ - 1)];
    }
    items_ = std::move(items);
    capacity_ = larger;
    head_ = 0;
    tail_ = count;
}

} // namespace coro::detail
