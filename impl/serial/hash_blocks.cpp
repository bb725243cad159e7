// SPDX-License-Identifier: MIT
// One block after another on the calling thread: the baseline of every speed-up.
#include "cells.hpp"
#include "kernel/hash.hpp"

namespace serial {
namespace {

using contract::hash_blocks;

class one_after_another final : public contract::session<hash_blocks> {
public:
    one_after_another(hash_blocks::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    hash_blocks::outcome run(contract::probe&) override {
        hash_blocks::outcome outcome;
        for (std::uint64_t block = 0; block < params_.blocks; ++block) {
            outcome.checksum +=
                kernel::hash_block(seed_, block, params_.block_bytes, params_.passes);
            ++outcome.blocks;
        }
        return outcome;
    }

private:
    hash_blocks::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& environment) {
    return std::make_unique<one_after_another>(params, environment.limits.seed);
}

} // namespace serial
