// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace siding::detail {

/// Bytes that have arrived and nobody has read yet. While a receive into `space()` is under way,
/// bytes may be taken from the front: only `space` moves them.
class input_buffer {
public:
    [[nodiscard]] std::string_view view() const noexcept {
        return {memory_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

    [[nodiscard]] std::string take(std::size_t most) {
        std::string taken(view().substr(0, most));
        begin_ += taken.size();
        return taken;
    }

    /// Room to receive into, at least a quarter of the capacity.
    [[nodiscard]] std::span<std::byte> space() {
        if (begin_ > 0) {
            std::memmove(memory_.get(), memory_.get() + begin_, size());
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ > capacity_ - capacity_ / 4 || capacity_ == 0) grow();
        return std::as_writable_bytes(std::span(memory_.get() + end_, capacity_ - end_));
    }
    void commit(std::size_t received) noexcept { end_ += received; }

private:
    static constexpr std::size_t smallest_bytes = 16 * 1024;

    void grow() {
        auto const wanted = std::max(smallest_bytes, 2 * capacity_);
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (end_ > 0) std::memcpy(larger.get(), memory_.get(), end_);
        memory_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace siding::detail
