// SPDX-License-Identifier: MIT
// The scheduler, with its epoll, is made in the maker; the first operation is a fiber.
#include "cells.hpp"
#include "epoll_scheduler.hpp"
#include "kernel/random.hpp"
#include "stack.hpp"

#include <boost/fiber/future.hpp>

namespace fiber {
namespace {

using contract::startup;

class first_fiber final : public contract::session<startup> {
public:
    explicit first_fiber(std::uint64_t seed)
        : seed_(seed), stacks_(pooled_stacks(small_stack_bytes)) {}

    startup::outcome run(contract::probe& probe) override {
        auto first = boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, stacks_,
                                          [this, &probe] {
                                              auto const value = kernel::mix(seed_);
                                              probe.end(0);
                                              return value;
                                          });
        return {1, first.get()};
    }

private:
    std::uint64_t seed_;
    scheduled_thread thread_;
    boost::fibers::pooled_fixedsize_stack stacks_;
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_fiber>(around.limits.seed);
}

} // namespace fiber
