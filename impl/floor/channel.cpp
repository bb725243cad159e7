// SPDX-License-Identifier: MIT
// A ring in an array, and no units: each producer is a record with a function that puts until the
// ring is full; the consumer is a loop that empties it. Both go through pointers that the compiler
// cannot look through.
#include "cells.hpp"
#include "kernel/channel_ledger.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace floor_model {
namespace {

using contract::channel;

class ring_of_items final : public contract::session<channel> {
public:
    ring_of_items(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), ring_(std::bit_ceil(params.capacity)) {}

    channel::outcome run(contract::probe&) override {
        kernel::channel_ledger ledger(params_.producers);
        std::vector<std::uint64_t> put(params_.producers);
        put_ = taken_ = 0;
        std::uint64_t most = 0;
        while (taken_ < params_.producers * params_.items) {
            for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
                produce_(*this, producer, put[producer]);
            }
            most = std::max(most, put_ - taken_);
            consume_(*this, ledger);
        }
        return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = most};
    }

private:
    static void produce(ring_of_items& self, std::uint64_t producer, std::uint64_t& put) {
        auto const room = self.params_.capacity - (self.put_ - self.taken_);
        auto const end = put + std::min(room, self.params_.items - put);
        for (; put < end; ++put) {
            self.ring_[self.put_++ & (self.ring_.size() - 1)] =
                kernel::item_of(self.seed_, self.params_.items, producer, put);
        }
    }
    static void consume(ring_of_items& self, kernel::channel_ledger& ledger) {
        while (self.taken_ != self.put_) {
            ledger.enter(self.ring_[self.taken_++ & (self.ring_.size() - 1)]);
        }
    }

    channel::params params_;
    std::uint64_t seed_;
    std::vector<kernel::channel_item> ring_;
    std::uint64_t put_ = 0;
    std::uint64_t taken_ = 0;
    void (*volatile produce_)(ring_of_items&, std::uint64_t, std::uint64_t&) = &produce;
    void (*volatile consume_)(ring_of_items&, kernel::channel_ledger&) = &consume;
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<ring_of_items>(params, around.limits.seed);
}

} // namespace floor_model
