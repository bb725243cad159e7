// SPDX-License-Identifier: MIT
// A std::jthread a unit, with the standard's own cancellation: request_stop, and a
// condition_variable_any that waits with the stop_token. POSIX cancellation of a blocking call is
// not what C++ teaches.
#include "kernel/cancel.hpp"
#include "cells.hpp"
#include "small_stacks.hpp"
#include "thread_limit.hpp"

#include <chrono>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace thread_model {
namespace {

using contract::cancel;

/// A thread takes tens of microseconds: beyond this the cell would run for seconds.
constexpr std::uint64_t most_units = 20'000;

class stopped_threads final : public contract::session<cancel> {
public:
    stopped_threads(cancel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), order_(kernel::cancel::order(seed, params.units)) {}

    cancel::outcome run(contract::probe& probe) override {
        std::latch about_to_wait(static_cast<std::ptrdiff_t>(params_.units));
        std::vector<unit_state> units(params_.units);
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            units[unit].thread = std::jthread([&, unit](std::stop_token const& stop) {
                wait(unit, units[unit], stop, about_to_wait, probe);
            });
        }
        about_to_wait.wait();
        cancel::outcome outcome;
        for (auto& each : units) {
            // A unit lets go of its mutex only by waiting.
            std::scoped_lock const lock(each.mutex);
            outcome.waiting += each.waiting_mark;
        }
        for (std::uint64_t first = 0; first < params_.units; first += params_.burst) {
            auto const end = first + params_.burst;
            for (auto k = first; k < end; ++k) {
                probe.begin(order_[k]);
                units[order_[k]].thread.request_stop();
            }
            for (auto k = first; k < end; ++k) {
                auto& each = units[order_[k]];
                each.thread.join();
                outcome.cancelled += each.cancelled_mark;
                ++outcome.joined;
            }
        }
        return outcome;
    }

private:
    struct unit_state {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::uint64_t waiting_mark = 0;
        std::uint64_t cancelled_mark = 0;
        std::jthread thread; ///< last: joined before what it uses is gone
    };

    void wait(std::uint64_t unit, unit_state& own, std::stop_token const& stop,
              std::latch& about_to_wait, contract::probe& probe) const {
        std::chrono::nanoseconds const length(kernel::cancel::wait_ns(seed_, unit));
        std::unique_lock lock(own.mutex);
        own.waiting_mark = kernel::cancel::waiting_mark(seed_, unit);
        about_to_wait.count_down();
        own.stopped.wait_for(lock, stop, length, [] { return false; });
        if (!stop.stop_requested()) return;
        probe.end(unit);
        own.cancelled_mark = kernel::cancel::cancelled_mark(seed_, unit);
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    small_stacks stacks_{65'536};
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    if (params.units > most_units) {
        throw contract::declined_error("a thread per unit: at most " + std::to_string(most_units) +
                                       " units, or a run would take seconds");
    }
    require_threads(params.units, "unit");
    return std::make_unique<stopped_threads>(params, around.limits.seed);
}

} // namespace thread_model
