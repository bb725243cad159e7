// SPDX-License-Identifier: MIT
// boost::fibers::buffered_channel. Its size is a power of two and it holds one item less, so it is
// made with the largest that keeps to the capacity.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/channel_ledger.hpp"
#include "stack.hpp"

#include <bit>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <vector>

namespace fiber {
namespace {

using contract::channel;
using kernel::channel_item;

class producing_fibers final : public contract::session<channel> {
public:
    producing_fibers(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {}

    channel::outcome run(contract::probe&) override {
        boost::fibers::buffered_channel<channel_item> items(std::bit_floor(params_.capacity + 1));
        kernel::channel_ledger ledger(params_.producers);
        std::vector<boost::fibers::fiber> producers;
        producers.reserve(params_.producers);
        for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
            producers.emplace_back(
                boost::fibers::launch::post, std::allocator_arg, stacks_, [this, &items, producer] {
                    for (std::uint64_t i = 0; i < params_.items; ++i) {
                        items.push(kernel::item_of(seed_, params_.items, producer, i));
                    }
                });
        }
        while (ledger.taken() < params_.producers * params_.items) {
            ledger.enter(items.value_pop());
        }
        for (auto& each : producers) {
            each.join();
        }
        return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = 0};
    }

private:
    channel::params params_;
    std::uint64_t seed_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<producing_fibers>(params, around.limits.seed);
}

} // namespace fiber
