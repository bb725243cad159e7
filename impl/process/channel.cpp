// SPDX-License-Identifier: MIT
// A ring in shared memory and two counting semaphores: room for producers to wait on, items for the
// consumer. Producers are children, forked in make, and take a third semaphore to put in turn; the
// parent takes.
#include "cells.hpp"
#include "child_pool.hpp"
#include "kernel/channel_ledger.hpp"
#include "semaphore.hpp"

#include <algorithm>

namespace process {
namespace {

using contract::channel;
using kernel::channel_item;

class ring_in_shared_memory final : public contract::session<channel> {
public:
    ring_in_shared_memory(channel::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          items_(params.capacity),
          children_(params.producers, [this](std::uint64_t producer) {
              return [this, producer](contract::probe&) { produce(producer); };
          }) {}

    channel::outcome run(contract::probe& probe) override {
        shared().room.restart(static_cast<unsigned>(params_.capacity));
        shared().put = 0;
        children_.start(probe);
        kernel::channel_ledger ledger(params_.producers);
        for (std::uint64_t taken = 0; taken < params_.producers * params_.items; ++taken) {
            shared().filled.wait();
            ledger.enter(items_[taken % params_.capacity]);
            shared().room.post();
        }
        children_.finish();
        return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = 0};
    }

private:
    struct shared_state {
        semaphore room;       ///< places that are free
        semaphore filled;     ///< items that are there
        semaphore may_put{1}; ///< one producer at a time
        std::uint64_t put = 0;
    };

    [[nodiscard]] shared_state& shared() const noexcept { return shared_[0]; }

    void produce(std::uint64_t producer) const {
        auto& [room, filled, may_put, put] = shared();
        for (std::uint64_t i = 0; i < params_.items; ++i) {
            auto const item = kernel::item_of(seed_, params_.items, producer, i);
            room.wait();
            may_put.wait();
            items_[put++ % params_.capacity] = item;
            may_put.post();
            filled.post();
        }
    }

    channel::params params_;
    std::uint64_t seed_;
    shared_array<channel_item> items_;
    shared_array<shared_state> shared_{1};
    child_pool children_; ///< last: ended before what they share is unmapped
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<ring_in_shared_memory>(params, around.limits.seed);
}

} // namespace process
