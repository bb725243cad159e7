// SPDX-License-Identifier: MIT
// uv_queue_work is what libuv has to start a unit: a request for the pool of `workers` threads,
// and a callback on the loop when it is done. A batch is joined when the loop has nothing left.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "thread_pool_size.hpp"

#include <string>
#include <vector>

namespace callback {
namespace {

using contract::spawn;

/// A batch costs two wake-ups of threads, however small it is: beyond this a run takes seconds.
constexpr std::uint64_t most_batches = 20'000;

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

std::unique_ptr<contract::session<spawn>> make_spawn(spawn::params const& params,
                                                     spawn::environment const& around) {
    if (params.units / params.at_once > most_batches) {
        throw contract::declined_error("each batch wakes the pool and then the loop: at most " +
                                       std::to_string(most_batches) +
                                       " batches, or a run would take seconds");
    }
    return std::make_unique<queued_work>(params, around.limits);
}

} // namespace callback
