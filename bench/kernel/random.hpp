// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Work that must be the same machine code in every model: compiled once, linked everywhere.
/// A kernel starts, waits for and locks nothing.
namespace kernel {

/// SplitMix64's finaliser (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014): a bijection on 64 bits, so that sums of mix(i) tell a missing i from a double one.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// The value of fetch `i` in `fetch_data`.
[[nodiscard]] constexpr std::uint64_t fetched_value(std::uint64_t seed, std::uint64_t i) noexcept {
    return mix(seed ^ mix(i));
}

/// The value of row `i` in `query`: not negative as a signed number, which SQL's are.
[[nodiscard]] constexpr std::uint64_t stored_value(std::uint64_t seed, std::uint64_t i) noexcept {
    return mix(seed - mix(i)) >> 1;
}

/// The length of wait `i` in nanoseconds, uniform in [shortest_us, longest_us] (swapped if needed).
[[nodiscard]] std::uint64_t wait_ns(std::uint64_t seed, std::uint64_t i, std::uint64_t shortest_us,
                                    std::uint64_t longest_us) noexcept;

/// Fills `out` with the pseudo-random bytes of item `index`; a prefix of a longer payload of the
/// same item is equal to the shorter payload.
void payload(std::uint64_t seed, std::uint64_t index, std::span<std::byte> out) noexcept;

} // namespace kernel
