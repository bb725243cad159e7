// SPDX-License-Identifier: MIT
#pragma once

#include "kernel/random.hpp"

#include <cstdint>
#include <vector>

namespace kernel {

/// What goes through the channel of `channel`.
struct channel_item {
    std::uint64_t producer = 0;
    std::uint64_t value = 0;
};

[[nodiscard]] constexpr channel_item item_of(std::uint64_t seed, std::uint64_t items,
                                             std::uint64_t producer, std::uint64_t i) noexcept {
    return {producer, mix(seed ^ (producer * items + i))};
}

/// Where the consumer enters each item: a chain for each producer, because the order among
/// producers is free and that of one producer's items is not.
class channel_ledger {
public:
    explicit channel_ledger(std::uint64_t producers) : chains_(producers) {}

    void enter(channel_item const& item) noexcept {
        ++taken_;
        if (item.producer >= chains_.size()) return; // the digest will miss it
        auto& chain = chains_[item.producer];
        chain = mix(chain + item.value);
    }
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
    [[nodiscard]] std::uint64_t digest() const noexcept {
        std::uint64_t sum = 0;
        for (std::uint64_t producer = 0; producer < chains_.size(); ++producer) {
            sum += mix(chains_[producer] ^ producer);
        }
        return sum;
    }

private:
    std::uint64_t taken_ = 0;
    std::vector<std::uint64_t> chains_;
};

} // namespace kernel
