// SPDX-License-Identifier: MIT
// A deque, for Boost 1.74 has no channel. Variant `callback`: a producer that finds it full is
// posted again when the consumer has emptied it. Variant `coroutine`: producers and consumer wait
// on timers that the other side cancels.
#include "asio.hpp"
#include "cells.hpp"
#include "event.hpp"
#include "kernel/channel_ledger.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace asio_model {
namespace {

namespace asio = boost::asio;
using contract::channel;

class channel_session : public contract::session<channel> {
public:
    channel_session(channel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), ledger_(params.producers) {}

    channel::outcome run(contract::probe&) final {
        ledger_ = kernel::channel_ledger(params_.producers);
        most_ = 0;
        start();
        context_.restart();
        context_.run();
        return {.taken = ledger_.taken(), .digest = ledger_.digest(), .most_queued = most_};
    }

protected:
    virtual void start() = 0;

    [[nodiscard]] bool full() const noexcept { return queue_.size() >= params_.capacity; }
    void put(std::uint64_t producer, std::uint64_t i) {
        queue_.push_back(kernel::item_of(seed_, params_.items, producer, i));
        most_ = std::max<std::uint64_t>(most_, queue_.size());
    }
    void take() {
        ledger_.enter(queue_.front());
        queue_.pop_front();
    }

    channel::params params_;
    std::uint64_t seed_;
    std::deque<kernel::channel_item> queue_;
    kernel::channel_ledger ledger_;
    std::uint64_t most_ = 0;
    asio::io_context context_{1};
};

class by_callback final : public channel_session {
public:
    using channel_session::channel_session;

private:
    void start() override {
        put_.assign(params_.producers, 0);
        for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
            asio::post(context_, [this, producer] { produce(producer); });
        }
    }
    void produce(std::uint64_t producer) {
        while (put_[producer] < params_.items && !full()) {
            put(producer, put_[producer]++);
        }
        if (put_[producer] < params_.items) stopped_.push_back(producer);
        if (!consumer_posted_) {
            consumer_posted_ = true;
            asio::post(context_, [this] { consume(); });
        }
    }
    void consume() {
        consumer_posted_ = false;
        while (!queue_.empty()) {
            take();
        }
        for (auto const producer : stopped_) {
            asio::post(context_, [this, producer] { produce(producer); });
        }
        stopped_.clear();
    }

    std::vector<std::uint64_t> put_;
    std::vector<std::uint64_t> stopped_; ///< producers that found it full
    bool consumer_posted_ = false;
};

class by_coroutine final : public channel_session {
public:
    using channel_session::channel_session;

private:
    void start() override {
        for (std::uint64_t producer = 0; producer < params_.producers; ++producer) {
            asio::co_spawn(context_, produce(producer), rethrow);
        }
        asio::co_spawn(context_, consume(), rethrow);
    }
    asio::awaitable<void> produce(std::uint64_t producer) {
        for (std::uint64_t i = 0; i < params_.items; ++i) {
            while (full()) {
                co_await not_full_.wait();
            }
            put(producer, i);
            if (queue_.size() == 1) not_empty_.wake_one();
        }
    }
    asio::awaitable<void> consume() {
        while (ledger_.taken() < params_.producers * params_.items) {
            while (queue_.empty()) {
                co_await not_empty_.wait();
            }
            take();
            not_full_.wake_one();
        }
    }

    event not_full_{context_};
    event not_empty_{context_};
};

} // namespace

std::unique_ptr<contract::session<channel>>
make_channel_callback(channel::params const& params, channel::environment const& around) {
    return std::make_unique<by_callback>(params, around.limits.seed);
}

std::unique_ptr<contract::session<channel>>
make_channel_coroutine(channel::params const& params, channel::environment const& around) {
    return std::make_unique<by_coroutine>(params, around.limits.seed);
}

} // namespace asio_model
