// SPDX-License-Identifier: MIT
#pragma once

#include "child.hpp"
#include "contract/probe.hpp"
#include "futex.hpp"
#include "shared_memory.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <vector>

namespace process {

/// Children that are forked once and then do their job each time they are told to. They sleep on a
/// futex in shared memory meanwhile: one system call wakes them all, and the last to finish wakes
/// the parent.
class child_pool {
public:
    /// In child i, `set_up(i)` returns its job, a callable that takes a contract::probe&. Returns
    /// when all are set up. Throws std::system_error for a failed fork, std::runtime_error for a
    /// failed set-up.
    template <class SetUp>
    child_pool(std::uint64_t children, SetUp const& set_up) {
        control().running.store(static_cast<std::uint32_t>(children), std::memory_order_relaxed);
        children_.reserve(children);
        for (std::uint64_t i = 0; i < children; ++i) {
            children_.emplace_back([this, &set_up, i] { live(set_up, i); });
        }
        finish();
    }
    child_pool(child_pool const&) = delete;
    child_pool& operator=(child_pool const&) = delete;
    ~child_pool() {
        if (failed_) return; // children may be stuck: the destructor of each kills it
        control().closing = true;
        wake_children();
        for (auto& child : children_) {
            try {
                child.join();
            } catch (std::runtime_error const&) {
                // It has ended: no more is wanted here.
            }
        }
    }

    void run(contract::probe const& probe) {
        start(probe);
        finish();
    }

    /// The two halves of `run`, for a parent that has something to do meanwhile.
    void start(contract::probe const& probe) {
        // A probe is a span of slots that were mapped before the fork: the same address in all.
        control().probe = probe;
        control().running.store(static_cast<std::uint32_t>(children_.size()),
                                std::memory_order_relaxed);
        wake_children();
    }
    void finish() {
        using namespace std::chrono_literals;
        auto& running = control().running;
        try {
            // Acquire: all that the children wrote before they counted down is seen from here on.
            while (auto const still = running.load(std::memory_order_acquire)) {
                futex_wait(running, still, 1s);
                // A child that is killed never counts down; look for one at most once a second.
                if (running.load(std::memory_order_relaxed) == still) expect_all_alive();
            }
            if (control().failed.load(std::memory_order_relaxed)) {
                throw std::runtime_error(control().failure);
            }
        } catch (...) {
            failed_ = true;
            throw;
        }
    }

    void signal_all(int number) const noexcept {
        for (auto const& child : children_) {
            child.signal(number);
        }
    }

private:
    struct shared_control {
        std::atomic<std::uint32_t> generation; ///< counts the starts; children sleep on it
        std::atomic<std::uint32_t> running;    ///< children not done; the parent sleeps on it
        std::atomic<bool> failed;
        bool closing;
        contract::probe probe;
        char failure[256];
    };

    shared_control& control() const noexcept { return control_[0]; }

    void wake_children() {
        // Release: publishes the probe, `closing` and what the session wrote for this run.
        control().generation.fetch_add(1, std::memory_order_release);
        futex_wake_all(control().generation);
    }

    void expect_all_alive() {
        for (auto& child : children_) {
            child.expect_alive();
        }
    }

    // Everything below runs in a child.

    template <class SetUp>
    void live(SetUp const& set_up, std::uint64_t i) {
        try {
            auto job = set_up(i);
            count_down();
            for (std::uint32_t seen = 0; wait_for_start(seen);) {
                job(control().probe);
                count_down();
            }
        } catch (std::exception const& error) {
            if (!control().failed.exchange(true)) {
                std::strncpy(control().failure, error.what(), sizeof control().failure - 1);
            }
            count_down();
        }
    }

    /// False when the pool closes.
    bool wait_for_start(std::uint32_t& seen) const {
        auto& generation = control().generation;
        std::uint32_t now = 0;
        while ((now = generation.load(std::memory_order_acquire)) == seen) {
            futex_wait(generation, seen);
        }
        seen = now;
        return !control().closing;
    }

    void count_down() const {
        auto& running = control().running;
        if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) futex_wake_all(running);
    }

    shared_array<shared_control> control_{1};
    bool failed_ = false;
    std::vector<child> children_;
};

} // namespace process
