// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workload.hpp"

#include <array>

namespace contract {

/// `blocks` independent blocks of work, embarrassingly parallel: block `b` is
/// `kernel::hash_block(seed, b, block_bytes, passes)`, which fills a buffer of `block_bytes` from
/// the seed and hashes it `passes` times. The outcome is the wrap-around sum over all blocks, so
/// the order does not matter. A model divides the blocks among its workers as its users would.
struct hash_blocks {
    static constexpr std::string_view name = "hash_blocks";
    static constexpr auto role = contract::role::batch;
    static constexpr auto group = contract::group::cpu_bound;
    using environment = contract::batch_environment;

    struct params {
        std::uint64_t blocks = 256;
        std::uint64_t block_bytes = 16'384;
        std::uint64_t passes = 16;
    };
    static constexpr std::array fields{
        field<params>{"blocks", &params::blocks, 1, 10'000'000, "independent blocks"},
        field<params>{"block_bytes", &params::block_bytes, 8, 16'777'216, "bytes a block"},
        field<params>{"passes", &params::passes, 1, 1'000'000, "times each block is hashed"},
    };

    struct outcome {
        std::uint64_t blocks = 0;
        std::uint64_t checksum = 0;
        bool operator==(outcome const&) const = default;
    };
    static constexpr std::array outcome_fields{
        outcome_field<outcome>{"blocks", &outcome::blocks},
        outcome_field<outcome>{"checksum", &outcome::checksum},
    };
};

} // namespace contract
