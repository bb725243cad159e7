// SPDX-License-Identifier: MIT
#include "kernel/frames.hpp"

#include <cstring>

namespace kernel {

frames::frames(std::size_t message_bytes)
    : message_bytes_(message_bytes), buffer_(2 * message_bytes) {}

std::span<std::byte> frames::room() noexcept {
    if (begin_ != 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    return std::span(buffer_).subspan(end_);
}

std::span<std::byte const> frames::next() noexcept {
    if (end_ - begin_ < message_bytes_) return {};
    auto const message = std::span<std::byte const>(buffer_).subspan(begin_, message_bytes_);
    begin_ += message_bytes_;
    return message;
}

} // namespace kernel
