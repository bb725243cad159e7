// SPDX-License-Identifier: MIT
// One fiber per wait, each on a stack of its own: it sleeps and counts itself. All are created
// before the first runs. Boost keeps the sleepers in a tree by deadline, and the thread sleeps in
// epoll until the first of them.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "stack.hpp"

#include <boost/fiber/fiber.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace fiber {
namespace {

using contract::waits;

class fiber_per_wait final : public contract::session<waits> {
public:
    fiber_per_wait(waits::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {
        fibers_.reserve(params.waits);
    }

    waits::outcome run(contract::probe& probe) override {
        outcome_ = {};
        for (std::uint64_t i = 0; i < params_.waits; ++i) {
            fibers_.emplace_back(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                 [this, &probe, i] { wait(probe, i); });
        }
        for (auto& fiber : fibers_) {
            fiber.join();
        }
        fibers_.clear();
        return outcome_;
    }

private:
    void wait(contract::probe& probe, std::uint64_t i) {
        std::chrono::nanoseconds const length(
            kernel::wait_ns(seed_, i, params_.shortest_us, params_.longest_us));
        probe.begin(i);
        boost::this_fiber::sleep_for(length);
        probe.end(i);
        outcome_.checksum += kernel::mix(i);
        ++outcome_.completed;
    }

    waits::params params_;
    std::uint64_t seed_;
    waits::outcome outcome_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
    std::vector<boost::fibers::fiber> fibers_;
};

/// The stacks must fit into half of the memory that is there.
void refuse_too_many(std::uint64_t waits) {
    auto const page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    auto const memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * page_bytes;
    auto const most = memory_bytes / 2 / small_stack_bytes;
    if (waits > most) {
        throw contract::declined_error("one stack per wait: " + std::to_string(waits) +
                                       " stacks exceed half of the memory, which holds " +
                                       std::to_string(most));
    }
}

} // namespace

std::unique_ptr<contract::session<waits>> make_waits(waits::params const& params,
                                                     waits::environment const& environment) {
    refuse_too_many(params.waits);
    return std::make_unique<fiber_per_wait>(params, environment.limits.seed);
}

} // namespace fiber
