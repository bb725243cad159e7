// SPDX-License-Identifier: MIT
// A deque and two kinds of callbacks, for libuv has no channel. A unit is a uv_idle handle: a
// producer puts until the channel is full and stops its handle, the consumer empties it and starts
// those that were stopped. A turn of the loop, and its epoll_wait, serves as many items as fit.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/channel_ledger.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace callback {
namespace {

using contract::channel;

class idle_handles final : public contract::session<channel> {
public:
    idle_handles(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), producers_(params.producers), ledger_(params.producers) {
        for (std::uint64_t i = 0; i < params.producers; ++i) {
            checked(::uv_idle_init(loop_.get(), &producers_[i].idle), "uv_idle_init");
            producers_[i].idle.data = &producers_[i];
            producers_[i].owner = this;
            producers_[i].number = i;
        }
        checked(::uv_idle_init(loop_.get(), &consumer_), "uv_idle_init");
        consumer_.data = this;
    }

    channel::outcome run(contract::probe&) override {
        ledger_ = kernel::channel_ledger(params_.producers);
        most_ = 0;
        for (auto& each : producers_) {
            each.put = 0;
            checked(::uv_idle_start(&each.idle, &produce), "uv_idle_start");
        }
        loop_.run();
        return {.taken = ledger_.taken(), .digest = ledger_.digest(), .most_queued = most_};
    }

private:
    struct producer {
        uv_idle_t idle; ///< `data` points to this producer
        idle_handles* owner;
        std::uint64_t number;
        std::uint64_t put;
    };

    static void produce(uv_idle_t* idle) {
        auto& self = *static_cast<producer*>(idle->data);
        auto& shared = *self.owner;
        auto const& [producers, items, capacity] = shared.params_;
        while (self.put < items && shared.queue_.size() < capacity) {
            shared.queue_.push_back(kernel::item_of(shared.seed_, items, self.number, self.put++));
        }
        shared.most_ = std::max<std::uint64_t>(shared.most_, shared.queue_.size());
        ::uv_idle_stop(idle);
        if (self.put < items) shared.stopped_.push_back(&self);
        ::uv_idle_start(&shared.consumer_, &consume);
    }

    static void consume(uv_idle_t* idle) {
        auto& shared = *static_cast<idle_handles*>(idle->data);
        ::uv_idle_stop(idle);
        for (auto const& item : shared.queue_) {
            shared.ledger_.enter(item);
        }
        shared.queue_.clear();
        for (auto* const each : shared.stopped_) {
            ::uv_idle_start(&each->idle, &produce);
        }
        shared.stopped_.clear();
    }

    channel::params params_;
    std::uint64_t seed_;
    std::deque<kernel::channel_item> queue_;
    std::vector<producer> producers_;
    std::vector<producer*> stopped_; ///< those that found it full
    kernel::channel_ledger ledger_;
    std::uint64_t most_ = 0;
    uv_idle_t consumer_;
    event_loop loop_; ///< last: its destructor closes the handles above
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<idle_handles>(params, around.limits.seed);
}

} // namespace callback
