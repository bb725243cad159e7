// SPDX-License-Identifier: MIT
// asio::thread_pool with `workers` threads, made once; one posted handler a block. The sums are
// added atomically: a block is long against an atomic addition.

#include "cells.hpp"
#include "kernel/hash.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <latch>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::hash_blocks;

class hash_blocks_session final : public contract::session<hash_blocks> {
public:
    hash_blocks_session(hash_blocks::params const& params, hash_blocks::environment const& around)
        : params_(params), seed_(around.limits.seed), pool_(around.limits.workers) {}

    hash_blocks::outcome run(contract::probe&) override {
        std::atomic<std::uint64_t> checksum = 0;
        std::latch done(static_cast<std::ptrdiff_t>(params_.blocks));
        for (std::uint64_t block = 0; block < params_.blocks; ++block) {
            asio::post(pool_, [&, block] {
                // relaxed: the latch orders the additions before the read below.
                checksum.fetch_add(
                    kernel::hash_block(seed_, block, params_.block_bytes, params_.passes),
                    std::memory_order_relaxed);
                done.count_down();
            });
        }
        done.wait();
        return {params_.blocks, checksum.load(std::memory_order_relaxed)};
    }

private:
    hash_blocks::params params_;
    std::uint64_t seed_;
    asio::thread_pool pool_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks(hash_blocks::params const& params, hash_blocks::environment const& around) {
    return std::make_unique<hash_blocks_session>(params, around);
}

} // namespace asio_model
