// SPDX-License-Identifier: MIT
// A deque, a mutex and two condition variables: the bounded queue of every textbook, for the
// standard library has none. One thread for each producer, and one that takes.
#include "cells.hpp"
#include "kernel/channel_ledger.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::channel;
using kernel::channel_item;

class bounded_queue {
public:
    explicit bounded_queue(std::uint64_t capacity) noexcept : capacity_(capacity) {}

    void put(channel_item const& item) {
        std::unique_lock lock(mutex_);
        not_full_.wait(lock, [this] { return items_.size() < capacity_; });
        items_.push_back(item);
        most_ = std::max<std::uint64_t>(most_, items_.size());
        lock.unlock();
        not_empty_.notify_one();
    }
    channel_item take() {
        std::unique_lock lock(mutex_);
        not_empty_.wait(lock, [this] { return !items_.empty(); });
        auto const item = items_.front();
        items_.pop_front();
        lock.unlock();
        not_full_.notify_one();
        return item;
    }
    [[nodiscard]] std::uint64_t most() const noexcept { return most_; }

private:
    std::mutex mutex_;
    std::condition_variable not_full_;
    std::condition_variable not_empty_;
    std::deque<channel_item> items_;
    std::uint64_t capacity_;
    std::uint64_t most_ = 0;
};

class producing_threads final : public contract::session<channel> {
public:
    producing_threads(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed) {}

    channel::outcome run(contract::probe&) override {
        bounded_queue queue(params_.capacity);
        kernel::channel_ledger ledger(params_.producers);
        {
            std::vector<std::jthread> producers;
            producers.reserve(params_.producers);
            for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
                producers.emplace_back([this, &queue, producer] {
                    for (std::uint64_t i = 0; i < params_.items; ++i) {
                        queue.put(kernel::item_of(seed_, params_.items, producer, i));
                    }
                });
            }
            while (ledger.taken() < params_.producers * params_.items) {
                ledger.enter(queue.take());
            }
        }
        return {.taken = ledger.taken(), .digest = ledger.digest(), .most_queued = queue.most()};
    }

private:
    channel::params params_;
    std::uint64_t seed_;
};

} // namespace

std::unique_ptr<contract::session<channel>> make_channel(channel::params const& params,
                                                         channel::environment const& around) {
    return std::make_unique<producing_threads>(params, around.limits.seed);
}

} // namespace thread_model
