// SPDX-License-Identifier: MIT
// 64 fibers on one thread draw blocks and yield after each. Fibers take turns and never run at
// once: there is no speed-up, whatever `workers` is.
#include "block_fibers.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "stack.hpp"

namespace fiber {
namespace {

using contract::hash_blocks;

class one_thread final : public contract::session<hash_blocks> {
public:
    one_thread(hash_blocks::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {}

    hash_blocks::outcome run(contract::probe&) override {
        return hash_on_fibers(params_, seed_, 64, stacks_, [] {});
    }

private:
    hash_blocks::params params_;
    std::uint64_t seed_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
};

} // namespace

std::unique_ptr<contract::session<hash_blocks>>
make_hash_blocks_one_thread(hash_blocks::params const& params,
                            hash_blocks::environment const& environment) {
    return std::make_unique<one_thread>(params, environment.limits.seed);
}

} // namespace fiber
