// SPDX-License-Identifier: MIT
#include "kernel/hash.hpp"

#include "kernel/random.hpp"

#include <bit>
#include <cstring>
#include <vector>

namespace kernel {

std::uint64_t hash(std::uint64_t index, std::span<std::byte const> bytes) noexcept {
    // One multiply and one rotate a word: a serial dependency, so that the result is latency-bound
    // on every machine and cannot be vectorised away in one model and not in another.
    auto state = mix(index ^ bytes.size());
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, bytes.data(), sizeof word);
        state = std::rotl((state ^ word) * 0x9fb21c651e98df25u, 27);
        bytes = bytes.subspan(sizeof word);
    }
    std::uint64_t tail = 0;
    if (!bytes.empty()) std::memcpy(&tail, bytes.data(), bytes.size());
    return mix(state ^ tail);
}

std::uint64_t hash_block(std::uint64_t seed, std::uint64_t block, std::uint64_t block_bytes,
                         std::uint64_t passes) {
    thread_local std::vector<std::byte> buffer;
    buffer.resize(block_bytes);
    payload(seed, block, buffer);
    auto state = block;
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
        state = hash(state, buffer);
    }
    return state;
}

} // namespace kernel
