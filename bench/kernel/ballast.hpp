// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/hash.hpp"
#include "kernel/random.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace kernel {

/// What unit `i` of `idle` puts into its ballast, and what it contributes when it has been
/// released: a value that needs the unit's number and every byte.
inline void load_ballast(std::uint64_t seed, std::uint64_t i, std::span<std::byte> bytes) noexcept {
    payload(seed, i, bytes);
}
[[nodiscard]] inline std::uint64_t ballast_value(std::uint64_t seed, std::uint64_t i,
                                                 std::span<std::byte const> bytes) noexcept {
    return hash(seed ^ i, bytes);
}

/// A ballast on the heap. One pointer, so that a unit without ballast pays little for it; who owns
/// it knows the rest.
class ballast {
public:
    ballast(std::uint64_t seed, std::uint64_t i, std::size_t bytes)
        : memory_(bytes == 0 ? nullptr : std::make_unique_for_overwrite<std::byte[]>(bytes)) {
        load_ballast(seed, i, {memory_.get(), bytes});
    }

    [[nodiscard]] std::uint64_t value(std::uint64_t seed, std::uint64_t i,
                                      std::size_t bytes) const noexcept {
        return ballast_value(seed, i, {memory_.get(), bytes});
    }

private:
    std::unique_ptr<std::byte[]> memory_;
};

} // namespace kernel
