// SPDX-License-Identifier: MIT
#include "kernel/read_block.hpp"

#include <cstring>

namespace kernel {

std::uint64_t read_value(std::uint64_t i, std::span<std::byte const> bytes) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t position = 0; position + sizeof sum <= bytes.size(); position += sizeof sum) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data() + position, sizeof word);
        sum += word;
    }
    return mix(mix(i) ^ sum);
}

} // namespace kernel
