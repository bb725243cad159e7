// SPDX-License-Identifier: MIT
#include "io_uring/receiver.hpp"

#include <algorithm>
#include <cstring>

namespace siding::detail {

bool receiver::take(io_operation& op, buffer_ring& buffers) noexcept {
    if (queued() == 0) {
        if (!ended) return false;
        op.result = end_result_;
        return true;
    }
    asked_ = op.bytes;
    std::size_t copied = 0;
    while (copied < op.bytes && queued() != 0) {
        auto const& front = arrived_[first_];
        auto const source = buffers.filled(front.buffer, front.bytes).subspan(consumed_);
        auto const bytes = std::min(source.size(), op.bytes - copied);
        std::memcpy(op.buffer + copied, source.data(), bytes);
        copied += bytes;
        consumed_ += static_cast<std::uint32_t>(bytes);
        if (consumed_ == front.bytes) {
            buffers.give_back(front.buffer);
            consumed_ = 0;
            ++first_;
        }
    }
    if (queued() == 0) {
        arrived_.clear();
        first_ = 0;
    }
    op.result = static_cast<long>(copied);
    return true;
}

void receiver::reset(buffer_ring& buffers) noexcept {
    for (; first_ != arrived_.size(); ++first_) {
        buffers.give_back(arrived_[first_].buffer);
    }
    arrived_.clear();
    first_ = 0;
    consumed_ = 0;
    armed = disarming = polled = ended = false;
    bulk_ = drained_ = false;
    full_ = at_once_ = 0;
    reader = nullptr;
    ++generation;
}

} // namespace siding::detail
