// SPDX-License-Identifier: MIT
// The loop is made in the maker. The first operation is the first piece of uv_queue_work, which
// starts the pool with all its threads, for libuv has no other way to start it.
#include "cells.hpp"
#include "event_loop.hpp"
#include "kernel/random.hpp"
#include "thread_pool_size.hpp"

namespace callback {
namespace {

using contract::startup;

class first_work final : public contract::session<startup> {
public:
    explicit first_work(contract::budget const& limits) : seed_(limits.seed) {
        size_thread_pool(limits.workers);
        work_.data = this;
    }

    startup::outcome run(contract::probe& probe) override {
        probe_ = &probe;
        outcome_ = {};
        checked(::uv_queue_work(loop_.get(), &work_, &live, &done), "uv_queue_work");
        loop_.run();
        return outcome_;
    }

private:
    /// On a thread of the pool.
    static void live(uv_work_t* work) {
        auto& self = *static_cast<first_work*>(work->data);
        self.value_ = kernel::mix(self.seed_);
        self.probe_->end(0);
    }

    /// On the loop.
    static void done(uv_work_t* work, int) {
        auto& self = *static_cast<first_work*>(work->data);
        self.outcome_ = {1, self.value_};
    }

    std::uint64_t seed_;
    std::uint64_t value_ = 0;
    startup::outcome outcome_;
    contract::probe* probe_ = nullptr;
    uv_work_t work_{};
    event_loop loop_; ///< last: its destructor waits for the work that is still queued
};

} // namespace

std::unique_ptr<contract::session<startup>> make_startup(startup::params const&,
                                                         startup::environment const& around) {
    return std::make_unique<first_work>(around.limits);
}

} // namespace callback
