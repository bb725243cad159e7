// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/random.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

namespace kernel {

/// Which of `blocks` blocks read `i` takes.
[[nodiscard]] constexpr std::uint64_t block_of(std::uint64_t seed, std::uint64_t i,
                                               std::uint64_t blocks) noexcept {
    return mix(seed + mix(i)) % blocks;
}

/// What read `i` contributes, as fast as memory is read: the sum of the 64-bit words of `bytes`,
/// whose number is a multiple of 8, mixed with the number of the read.
[[nodiscard]] std::uint64_t read_value(std::uint64_t i, std::span<std::byte const> bytes) noexcept;

/// Memory that O_DIRECT takes.
class page_buffer {
public:
    explicit page_buffer(std::size_t bytes)
        : data_(static_cast<std::byte*>(::operator new(bytes, alignment))), bytes_(bytes) {}
    page_buffer(page_buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
    page_buffer& operator=(page_buffer&&) = delete;
    ~page_buffer() { ::operator delete(data_, alignment); }

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, bytes_}; }
    [[nodiscard]] std::byte* data() const noexcept { return data_; }

private:
    static constexpr std::align_val_t alignment{4'096};
    std::byte* data_;
    std::size_t bytes_;
};

} // namespace kernel
