// SPDX-License-Identifier: MIT
// Variant `loop`: a unit is a uv_idle_t, libuv's handle for a call in the next turn of the loop; it
// is made, called, closed and freed, and its close callback joins it. Variant `pool`:
// uv_queue_work, a request for the pool of `workers` threads, and a callback on the loop when it is
// done. A batch is joined when the loop has nothing left.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "thread_pool_size.hpp"

#include <memory>
#include <string>
#include <vector>

namespace callback {
namespace {

using contract::spawn;

/// A batch costs two wake-ups of threads, however small it is: beyond this a run takes seconds.
constexpr std::uint64_t most_batches = 20'000;

class idle_handles final : public contract::session<spawn> {
public:
    idle_handles(spawn::params const& params, std::uint64_t seed) : params_(params), seed_(seed) {}

    spawn::outcome run(contract::probe&) override {
        outcome_ = {};
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto const end = i + params_.at_once; i < end; ++i) {
                start(i);
            }
            loop_.run();
        }
        return outcome_;
    }

private:
    /// On the heap, from its start to its close callback; `idle.data` points to it.
    struct unit {
        uv_idle_t idle;
        idle_handles* owner;
        std::uint64_t index;
        std::uint64_t value;
    };

    void start(std::uint64_t i) {
        auto made = std::make_unique<unit>();
        checked(::uv_idle_init(loop_.get(), &made->idle), "uv_idle_init");
        auto& kept = *made.release();
        kept.idle.data = &kept;
        kept.owner = this;
        kept.index = i;
        ::uv_idle_start(&kept.idle, &live); // fails without a callback only
    }

    static void live(uv_idle_t* idle) {
        auto& self = *static_cast<unit*>(idle->data);
        self.value = kernel::mix(self.owner->seed_ ^ self.index);
        ::uv_close(as_handle(idle), &join);
    }

    static void join(uv_handle_t* idle) {
        std::unique_ptr<unit> const self(static_cast<unit*>(idle->data));
        self->owner->outcome_.sum += self->value;
        ++self->owner->outcome_.joined;
    }

    spawn::params params_;
    std::uint64_t seed_;
    spawn::outcome outcome_;
    event_loop loop_;
};

class queued_work final : public contract::session<spawn> {
public:
    queued_work(spawn::params const& params, contract::budget const& limits)
        : params_(params), seed_(limits.seed), batch_(params.at_once) {
        size_thread_pool(limits.workers);
        for (auto& each : batch_) {
            each.work.data = &each;
            each.owner = this;
        }
        // The first piece of work starts all threads of the pool.
        checked(::uv_queue_work(
                    loop_.get(), &batch_[0].work, [](uv_work_t*) {}, nullptr),
                "uv_queue_work");
        loop_.run();
    }

    spawn::outcome run(contract::probe&) override {
        outcome_ = {};
        for (std::uint64_t i = 0; i < params_.units;) {
            for (auto& each : batch_) {
                each.index = i++;
                checked(::uv_queue_work(loop_.get(), &each.work, &live, &join), "uv_queue_work");
            }
            loop_.run();
        }
        return outcome_;
    }

private:
    struct unit {
        uv_work_t work; ///< `data` points to this unit
        queued_work* owner;
        std::uint64_t index;
        std::uint64_t value;
    };

    /// On a thread of the pool.
    static void live(uv_work_t* work) {
        auto& self = *static_cast<unit*>(work->data);
        self.value = kernel::mix(self.owner->seed_ ^ self.index);
    }

    /// On the loop.
    static void join(uv_work_t* work, int) {
        auto const& self = *static_cast<unit*>(work->data);
        self.owner->outcome_.sum += self.value;
        ++self.owner->outcome_.joined;
    }

    spawn::params params_;
    std::uint64_t seed_;
    spawn::outcome outcome_;
    std::vector<unit> batch_;
    event_loop loop_; ///< last: its destructor waits for the work that is still queued
};

} // namespace

std::unique_ptr<contract::session<spawn>> make_spawn_loop(spawn::params const& params,
                                                          spawn::environment const& around) {
    return std::make_unique<idle_handles>(params, around.limits.seed);
}

std::unique_ptr<contract::session<spawn>> make_spawn_pool(spawn::params const& params,
                                                          spawn::environment const& around) {
    if (params.units / params.at_once > most_batches) {
        throw contract::declined_error("each batch wakes the pool and then the loop: at most " +
                                       std::to_string(most_batches) +
                                       " batches, or a run would take seconds");
    }
    return std::make_unique<queued_work>(params, around.limits);
}

} // namespace callback
