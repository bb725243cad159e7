// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kernel {

/// A 64-bit checksum of `bytes`, different for each `index`. Not cryptographic.
[[nodiscard]] std::uint64_t hash(std::uint64_t index, std::span<std::byte const> bytes) noexcept;

/// One block of `hash_blocks`: fills a buffer of `block_bytes` from `payload(seed, block)` and
/// hashes it `passes` times, each pass seeded by the one before. The buffer belongs to the calling
/// thread and is reused. Throws std::bad_alloc.
[[nodiscard]] std::uint64_t hash_block(std::uint64_t seed, std::uint64_t block,
                                       std::uint64_t block_bytes, std::uint64_t passes);

} // namespace kernel
