// SPDX-License-Identifier: MIT
// siding::queue with a maxsize, asyncio's bounded channel: producers are tasks that `co_await put`.
#include "cells.hpp"

#include "kernel/channel_ledger.hpp"
#include "siding/siding.hpp"

#include <algorithm>
#include <vector>

namespace coroutine_model {
namespace {

using contract::channel;

class bounded_queue final : public contract::session<channel> {
public:
    bounded_queue(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    channel::outcome run(contract::probe&) override { return siding::run(consume()); }

private:
    using queue = siding::queue<kernel::channel_item>;

    siding::coroutine<> produce(queue& to, std::uint64_t producer) const {
        for (std::uint64_t i = 0; i < params_.items; ++i) {
            co_await to.put(kernel::item_of(seed_, params_.items, producer, i));
        }
    }

    siding::coroutine<channel::outcome> consume() const {
        queue items(params_.capacity);
        kernel::channel_ledger ledger(params_.producers);
        std::vector<siding::task<>> producers;
        for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
            producers.push_back(siding::create_task(produce(items, producer)));
        }
        std::uint64_t most = 0;
        while (ledger.taken() < params_.producers * params_.items) {
            most = std::max<std::uint64_t>(most, items.qsize());
            auto const item = co_await items.get();
            ledger.enter(item);
        }
        for (auto const& each : producers) {
            co_await each;
        }
        co_return channel::outcome{ledger.taken(), ledger.digest(), most};
    }

    channel::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<bounded_queue>(params, around.limits.seed);
}

} // namespace coroutine_model
