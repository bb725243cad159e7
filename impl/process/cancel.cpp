// SPDX-License-Identifier: MIT
// SIGTERM to a forked child that waits in ppoll: the signal is blocked but there, so that none
// comes before the wait and is lost. The child cleans up, leaves its mark in shared memory and
// ends; the parent reaps it.
#include "kernel/cancel.hpp"
#include "cells.hpp"
#include "child.hpp"
#include "child_limit.hpp"
#include "futex.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <csignal>
#include <poll.h>
#include <stdexcept>
#include <vector>

namespace process {
namespace {

using contract::cancel;

class terminated_children final : public contract::session<cancel> {
public:
    terminated_children(cancel::params const& params, std::uint64_t seed)
        : params_(params),
          seed_(seed),
          order_(kernel::cancel::order(seed, params.units)),
          marks_(params.units) {
        children_.reserve(params.units);
    }

    cancel::outcome run(contract::probe& probe) override {
        waiting().store(0, std::memory_order_relaxed);
        for (std::uint64_t unit = 0; unit < params_.units; ++unit) {
            marks_[unit] = {};
            children_.emplace_back([this, &probe, unit] { wait(unit, probe); });
        }
        wait_until_all_wait();
        cancel::outcome outcome;
        for (auto const& each : marks_.all()) {
            outcome.waiting += each.waiting;
        }
        for (std::uint64_t first = 0; first < params_.units; first += params_.burst) {
            auto const end = first + params_.burst;
            for (auto k = first; k < end; ++k) {
                probe.begin(order_[k]);
                children_[order_[k]].signal(SIGTERM);
            }
            for (auto k = first; k < end; ++k) {
                children_[order_[k]].join();
                outcome.cancelled += marks_[order_[k]].cancelled;
                ++outcome.joined;
            }
        }
        children_.clear();
        return outcome;
    }

private:
    struct marks {
        std::uint64_t waiting;
        std::uint64_t cancelled;
    };

    std::atomic<std::uint32_t>& waiting() const noexcept { return waiting_[0]; }

    void wait_until_all_wait() {
        using namespace std::chrono_literals;
        // Acquire: sees the marks that the children left before they counted themselves.
        for (std::uint32_t now = 0;
             (now = waiting().load(std::memory_order_acquire)) != params_.units;) {
            futex_wait(waiting(), now, 1s);
            for (auto& each : children_) {
                each.expect_alive();
            }
        }
    }

    // In a child.
    void wait(std::uint64_t unit, contract::probe& probe) const {
        sigset_t termination;
        sigset_t before;
        ::sigemptyset(&termination);
        ::sigaddset(&termination, SIGTERM);
        ::sigprocmask(SIG_BLOCK, &termination, &before);
        ::sigdelset(&before, SIGTERM);
        std::signal(SIGTERM, [](int) {}); // to interrupt is all that it does
        auto const length_ns = kernel::cancel::wait_ns(seed_, unit);
        timespec const length{static_cast<std::time_t>(length_ns / 1'000'000'000),
                              static_cast<long>(length_ns % 1'000'000'000)};
        marks_[unit].waiting = kernel::cancel::waiting_mark(seed_, unit);
        // Release: publishes the mark.
        if (waiting().fetch_add(1, std::memory_order_release) + 1 == params_.units) {
            futex_wake_all(waiting());
        }
        if (::ppoll(nullptr, 0, &length, &before) != -1) {
            throw std::runtime_error("the wait has passed");
        }
        probe.end(unit);
        marks_[unit].cancelled = kernel::cancel::cancelled_mark(seed_, unit);
    }

    cancel::params params_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> order_;
    shared_array<marks> marks_;
    shared_array<std::atomic<std::uint32_t>> waiting_{1};
    std::vector<child> children_; ///< last: ended before what they share is unmapped
};

} // namespace

std::unique_ptr<contract::session<cancel>> make_cancel(cancel::params const& params,
                                                       cancel::environment const& around) {
    require_children(params.units, "unit");
    return std::make_unique<terminated_children>(params, around.limits.seed);
}

} // namespace process
