// SPDX-License-Identifier: MIT
#include "kernel/random.hpp"

#include <algorithm>
#include <cstring>

namespace kernel {

std::uint64_t wait_ns(std::uint64_t seed, std::uint64_t i, std::uint64_t shortest_us,
                      std::uint64_t longest_us) noexcept {
    auto const [low, high] = std::minmax(shortest_us, longest_us);
    auto const span_ns = (high - low) * 1'000 + 1;
    return low * 1'000 + mix(seed ^ mix(i)) % span_ns;
}

void payload(std::uint64_t seed, std::uint64_t index, std::span<std::byte> out) noexcept {
    auto state = mix(seed ^ mix(index));
    std::size_t position = 0;
    while (position < out.size()) {
        state = mix(state);
        auto const bytes = std::min(sizeof state, out.size() - position);
        std::memcpy(out.data() + position, &state, bytes);
        position += bytes;
    }
}

} // namespace kernel
