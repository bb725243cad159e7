// SPDX-License-Identifier: MIT
// task.cancel(), asyncio's: in the next turn of the loop cancelled_error is thrown into the task
// where it sleeps, and unwinds it; clean-up is a destructor. Joined with siding::wait,
// asyncio.wait, which does not throw what its tasks ended with: awaiting a task throws it once
// more.
#include "cells.hpp"

#include "kernel/cancel.hpp"
#include "siding/siding.hpp"

#include <chrono>
#include <vector>

namespace coroutine_model {
namespace {

using contract::cancel;

class cancelled_tasks final : public contract::session<cancel> {
public:
    cancelled_tasks(cancel::params const& params, std::uint64_t seed)
        : params_(params), seed_(seed), order_(kernel::cancel::order(seed, params.units)) {}

    cancel::outcome run(contract::probe& probe) override {
        outcome_ = {};
        siding::run(cancel_all(probe));
        return outcome_;
    }

private:
    class clean_up {
    public:
        clean_up(cancelled_tasks& owner, std::uint64_t unit, contract::probe& probe)
            : owner_(owner), unit_(unit), probe_(probe) {}
        clean_up(clean_up const&) = delete;
        clean_up& operator=(clean_up const&) = delete;
        ~clean_up() {
            if (passed_) return;
            probe_.end(unit_);
            owner_.outcome_.cancelled += kernel::cancel::cancelled_mark(owner_.seed_, unit_);
        }
        void wait_has_passed() noexcept { passed_ = true; }

    private:
        cancelled_tasks& owner_;
        std::uint64_t unit_;
        contract::probe& probe_;
        bool passed_ = false;
    };

    siding::coroutine<> wait(std::uint64_t unit, siding::event& all_wait, contract::probe& probe) {
        clean_up after(*this, unit, probe);
        std::chrono::nanoseconds const length(kernel::cancel::wait_ns(seed_, unit));
        outcome_.waiting += kernel::cancel::waiting_mark(seed_, unit);
        // Tasks start in the order of their creation.
        if (unit + 1 == params_.units) all_wait.set();
        co_await siding::sleep(length);
        after.wait_has_passed();
    }

    siding::coroutine<> cancel_all(contract::probe& probe) {
        siding::event all_wait;
        std::vector<siding::task<>> units;
        units.reserve(params_.units);
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            units.push_back(siding::create_task(wait(unit, all_wait, probe)));
        }
        co_await all_wait.wait();
        for (std::uint64_t first = 0; first < params_.units; first += params_.burst) {
            auto const end = first + params_.burst;
            std::vector<siding::task<>> burst;
            for (auto k = first; k < end; ++k) {
                probe.begin(order_[k]);
                units[order_[k]].cancel();
                burst.push_back(units[order_[k]]);
            }
            auto const joined = co_await siding::wait(burst);
            for (auto const& each : joined.done) {
                outcome_.joined += each.cancelled() ? 1 : 0;
            }
        }
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    cancel::outcome outcome_;
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    return std::make_unique<cancelled_tasks>(params, around.limits.seed);
}

} // namespace coroutine_model
