// SPDX-License-Identifier: MIT
// Boost.Fiber cannot interrupt a fiber: what it teaches is a condition variable and a flag for each
// that is to be stopped. A request sets the flag and notifies; the fiber leaves its timed wait,
// cleans up and ends.
#include "kernel/cancel.hpp"
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "stack.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace fiber {
namespace {

using contract::cancel;

/// Beyond this the stacks would fill the memory of a small machine.
constexpr std::uint64_t most_units = 50'000;

class notified_fibers final : public contract::session<cancel> {
public:
    notified_fibers(cancel::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          order_(kernel::cancel::order(seed, params.units)),
          stacks_(pooled_stacks(small_stack_bytes)),
          units_(params.units) {}

    cancel::outcome run(contract::probe& probe) override {
        outcome_ = {};
        waiting_ = 0;
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            units_[unit].stop = false;
            units_[unit].fiber =
                boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                     [this, &probe, unit] { wait(unit, probe); });
        }
        while (waiting_ != params_.units) {
            boost::this_fiber::yield();
        }
        for (std::uint64_t first = 0; first < params_.units; first += params_.burst) {
            auto const end = first + params_.burst;
            for (auto k = first; k < end; ++k) {
                auto& each = units_[order_[k]];
                probe.begin(order_[k]);
                {
                    std::scoped_lock const lock(each.mutex);
                    each.stop = true;
                }
                each.stopped.notify_one();
            }
            for (auto k = first; k < end; ++k) {
                units_[order_[k]].fiber.join();
                ++outcome_.joined;
            }
        }
        return outcome_;
    }

private:
    struct unit_state {
        boost::fibers::fiber fiber;
        boost::fibers::mutex mutex;
        boost::fibers::condition_variable stopped;
        bool stop = false;
    };

    void wait(std::uint64_t unit, contract::probe& probe) {
        auto& own = units_[unit];
        std::chrono::nanoseconds const length(kernel::cancel::wait_ns(seed_, unit));
        std::unique_lock lock(own.mutex);
        outcome_.waiting += kernel::cancel::waiting_mark(seed_, unit);
        ++waiting_;
        if (!own.stopped.wait_for(lock, length, [&] { return own.stop; })) return;
        probe.end(unit);
        outcome_.cancelled += kernel::cancel::cancelled_mark(seed_, unit);
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    cancel::outcome outcome_;
    std::uint64_t waiting_ = 0;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<unit_state> units_;
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("one stack of 16 KiB per unit: at most " +
                                       std::to_string(most_units) + " units");
    }
    return std::make_unique<notified_fibers>(params, around.limits.seed);
}

} // namespace fiber
